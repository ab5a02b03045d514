//! Signing in with a password, renewing, signing out.
//!
//! Invariant: the answer is the same, in text and in work done, for an unknown user, a wrong password, a disabled and a
//! locked account; an attempt is counted and on disk before the password is looked at, and recorded in the ledger before
//! it is answered; guesses at an app's sign-in count nothing against the platform's. Not here: the counters' arithmetic
//! (`casemate_storage::accounts`).

use std::net::IpAddr;
use std::time::Duration;

use casemate_core::action::operation::{ControlSignIn, SignIn, TokenIssue};
use casemate_core::event::SignInAttempt;
use casemate_core::{AppId, Entry, Method, Principal, SessionId, Timestamp, UserId, Verdict};
use casemate_policy::Permit;
use casemate_storage::accounts::{
    Admission, Counters, Credential, Door, Mac, NewSession, Renewal, SessionRecord, Subject,
};
use casemate_vault::{MacPurpose, VaultError};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::base32;
use crate::claims::AccessClaims;
use crate::error::{AccountError, SignInError};
use crate::identity::Identity;
use crate::name::AccountName;
use crate::password::Prepared;
use crate::password::pool::{Checked, Place};

/// What every session handle starts with.
const HANDLE_PREFIX: &str = "cms_";
/// The prefix and 256 bits.
const HANDLE_CHARS: usize = HANDLE_PREFIX.len() + 52;
/// The one name under which all names are counted that no account has: nothing of theirs is to be protected, and a flood of
/// made-up names must not grow the disk.
const NO_NAME: &str = "";

/// Leave to sign in, to an app or to the platform itself.
#[derive(Debug)]
pub enum SignInPermit {
    /// To the app in the permit.
    App(Permit<SignIn>),
    /// To the platform.
    Control(Permit<ControlSignIn>),
}

impl SignInPermit {
    fn app(&self) -> AppId {
        match self {
            Self::App(permit) => permit.target().clone(),
            Self::Control(_) => AppId::platform(),
        }
    }

    fn door(&self) -> Door {
        match self {
            Self::App(_) => Door::Apps,
            Self::Control(_) => Door::Control,
        }
    }
}

/// An access token, as it is answered (RFC 6749 §5.1).
#[derive(Serialize)]
pub struct IssuedToken {
    /// The token.
    #[serde(serialize_with = "shown_once")]
    pub access_token: Zeroizing<String>,
    token_type: &'static str,
    /// Seconds that it lasts.
    pub expires_in: u64,
}

/// What a successful sign-in yields.
#[derive(Serialize)]
pub struct SignedIn {
    /// The access token.
    #[serde(flatten)]
    pub token: IssuedToken,
    /// The session's handle: a secret, good for one renewal.
    #[serde(rename = "session", serialize_with = "shown_once")]
    pub session_handle: Zeroizing<String>,
    /// Who signed in.
    pub user: UserId,
}

/// The one place where a secret is written out: into the answer to whoever earned it.
fn shown_once<S: Serializer>(secret: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret)
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What was found out about an attempt.
enum Found {
    /// The password is right.
    Right { credential: Credential, outdated: bool },
    /// No; whose account it was, if anybody's, and why.
    Wrong(Option<UserId>, &'static str),
}

impl Identity {
    /// Signs a user in with a password.
    ///
    /// # Errors
    /// [`SignInError::Refused`] for every reason that lies with the caller; the rest says what does not work.
    pub async fn sign_in(
        &self,
        entry: &Entry,
        permit: SignInPermit,
        username: &str,
        password: Zeroizing<String>,
    ) -> Result<SignedIn, SignInError> {
        let app = permit.app();
        let attempt = Attempt { entry, app: &app, now: self.now() };
        // First of all a place to hash in: an attempt that cannot be judged must not be counted.
        let place = self.pool.place()?;
        let name = AccountName::parse(username).ok();
        let named = self.accounts.credential(name.as_ref().map_or(NO_NAME, AccountName::as_str))?;
        let counted = named.as_ref().map_or(NO_NAME, |credential| credential.name.as_str());
        let counters = self.counters(permit.door(), counted, entry.opened().http.src_endpoint);
        let admission = self.accounts.reserve_attempt(counters).await?;
        if admission == Admission::AddressLocked {
            // It says nothing about any account, so the work can be spared: this is what a flood runs into.
            attempt.record(None, Verdict::Deny, "too many attempts from the address")?;
            return Err(SignInError::Refused);
        }
        let (credential, outdated) = match self.judge(place, admission, named, &password).await? {
            Found::Wrong(user, why) => {
                attempt.record(user.map(Principal::User), Verdict::Deny, why)?;
                return Err(SignInError::Refused);
            }
            Found::Right { credential, outdated } => (credential, outdated),
        };
        attempt.record(Some(Principal::User(credential.user.clone())), Verdict::Allow, "password")?;
        let rehashed = if outdated { self.hash_anew(&credential, &password).await } else { None };
        let handle = self.new_handle();
        let new = NewSession {
            id: SessionId::from_random(*self.random()),
            app: app.clone(),
            handle: self.handle_mac(&handle),
            methods: vec![Method::Pwd],
            ends_at: attempt.now.plus(self.settings.session_lifetime),
        };
        let user = credential.user.clone();
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        let begin = async move {
            let begun = accounts.begin_session(new, credential, rehashed, counters).await?;
            if let Some(session) = &begun {
                // A new session may have displaced the user's oldest.
                standing.changed(session.user.as_str());
            }
            Ok::<_, AccountError>(begun)
        };
        let Some(session) = self.to_the_end(begin).await? else {
            attempt.record(Some(Principal::User(user)), Verdict::Deny, "changed while signing in")?;
            return Err(SignInError::Refused);
        };
        let token = self.access_token(&session, &app, self.settings.token_lifetime)?;
        Ok(SignedIn { token, session_handle: handle, user: session.user })
    }

    /// Replaces a session's handle and issues a new access token.
    ///
    /// # Errors
    /// As [`Self::sign_in`]. A handle that was replaced before ends its session.
    pub async fn renew(
        &self,
        entry: &Entry,
        permit: SignInPermit,
        session_handle: &str,
    ) -> Result<SignedIn, SignInError> {
        let app = permit.app();
        let attempt = Attempt { entry, app: &app, now: self.now() };
        let handle = self.new_handle();
        let renewal = match self.known_form(session_handle) {
            Some(mac) => self.replace_handle(app.clone(), mac, self.handle_mac(&handle)).await?,
            None => Renewal::Refused,
        };
        match renewal {
            Renewal::Renewed(session) => {
                attempt.record(
                    Some(Principal::User(session.user.clone())),
                    Verdict::Allow,
                    "session renewed",
                )?;
                let token = self.access_token(&session, &app, self.settings.token_lifetime)?;
                Ok(SignedIn { token, session_handle: handle, user: session.user })
            }
            Renewal::Reused(session) => {
                attempt.record(
                    Some(Principal::User(session.user)),
                    Verdict::Deny,
                    "session handle used again",
                )?;
                Err(SignInError::Refused)
            }
            Renewal::Refused => {
                attempt.record(None, Verdict::Deny, "unknown session")?;
                Err(SignInError::Refused)
            }
        }
    }

    async fn replace_handle(&self, app: AppId, shown: Mac, next: Mac) -> Result<Renewal, AccountError> {
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        self.to_the_end(async move {
            let renewal = accounts.renew_session(app, shown, next).await?;
            if let Renewal::Reused(session) = &renewal {
                standing.changed(session.id.as_str());
            }
            Ok::<_, AccountError>(renewal)
        })
        .await
    }

    /// Ends a session. An unknown handle is no error: the session is as ended as it can be.
    ///
    /// # Errors
    /// [`AccountError::Accounts`].
    pub async fn sign_out(&self, permit: SignInPermit, session_handle: &str) -> Result<(), AccountError> {
        let Some(mac) = self.known_form(session_handle) else { return Ok(()) };
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        let app = permit.app();
        self.to_the_end(async move {
            let ended = accounts.end_session(app, mac).await?;
            if let Some(session) = ended {
                standing.changed(session.as_str());
            }
            Ok::<_, AccountError>(())
        })
        .await
    }

    /// An access token for the app in the permit, in exchange for the actor's control token: same session, same proof. A
    /// `lifetime` makes it shorter than the settings say, never longer.
    ///
    /// # Errors
    /// [`AccountError::NoSession`] unless the actor is a user with a session; [`AccountError::Accounts`];
    /// [`AccountError::Vault`].
    pub fn issue_for_app(
        &self,
        permit: Permit<TokenIssue>,
        lifetime: Option<Duration>,
    ) -> Result<IssuedToken, AccountError> {
        let actor = permit.actor();
        let (Principal::User(user), Some(id)) = (&actor.principal, &actor.authentication.session) else {
            return Err(AccountError::NoSession);
        };
        let session = self.accounts.session(id)?.ok_or(AccountError::NoSession)?;
        if session.revoked || session.user != *user || session.ends_at <= self.now() {
            return Err(AccountError::NoSession);
        }
        let longest = self.settings.token_lifetime;
        let lifetime = lifetime.map_or(longest, |asked| asked.clamp(Duration::from_secs(1), longest));
        Ok(self.access_token(&session, permit.target(), lifetime)?)
    }

    /// Does the same work whatever is true of the account: one hash.
    async fn judge(
        &self,
        place: Place,
        admission: Admission,
        credential: Option<Credential>,
        password: &str,
    ) -> Result<Found, SignInError> {
        let prepared = Prepared::new(password).ok();
        let owner = credential.as_ref().map_or("", |credential| credential.user.as_str());
        let peppered = self.pepper(owner, prepared.as_ref().map_or(b"", Prepared::as_bytes));
        let may = admission == Admission::Reserved && prepared.is_some();
        let stored =
            credential.as_ref().filter(|credential| may && !credential.disabled && !credential.edited);
        let checked = self.pool.check(place, peppered, stored.map(|stored| stored.hash.clone())).await?;
        Ok(match (credential, checked) {
            (Some(credential), Checked::Right { outdated }) => Found::Right { credential, outdated },
            (None, _) => Found::Wrong(None, "unknown user"),
            (Some(account), Checked::Wrong) => {
                let why = match admission {
                    _ if account.edited => "the account was edited in the database",
                    _ if account.disabled => "disabled",
                    Admission::Reserved => "wrong password",
                    Admission::AccountLocked | Admission::AddressLocked => "locked",
                };
                Found::Wrong(Some(account.user), why)
            }
        })
    }

    /// The hash at the current cost; not worth failing a sign-in for.
    async fn hash_anew(&self, credential: &Credential, password: &str) -> Option<String> {
        let prepared = Prepared::new(password).ok()?;
        let place = self.pool.place().ok()?;
        let peppered = self.pepper(credential.user.as_str(), prepared.as_bytes());
        self.pool.hash(place, peppered, *self.random()).await.ok()
    }

    fn access_token(
        &self,
        session: &SessionRecord,
        app: &AppId,
        lifetime: Duration,
    ) -> Result<IssuedToken, VaultError> {
        let now = self.now();
        let expires = now.plus(lifetime).min(session.ends_at);
        let claims = AccessClaims {
            user: session.user.clone(),
            audience: app.clone(),
            session: session.id.clone(),
            methods: session.methods.clone(),
            proved_at: session.proved_at,
            issued_at: now,
            not_before: now,
            expires,
        };
        let jti = casemate_core::ids::hex(self.random::<16>().as_slice());
        let access_token = Zeroizing::new(self.keys.sign(&claims, &self.settings.issuer, &jti)?);
        let expires_in = expires.as_secs().saturating_sub(now.as_secs());
        Ok(IssuedToken { access_token, token_type: "Bearer", expires_in })
    }

    /// The counters of an attempt on a name. An IPv6 caller has a whole /64 to choose from, so that is what counts as one
    /// address.
    fn counters(&self, door: Door, name: &str, source: IpAddr) -> Counters {
        let source = source.to_canonical();
        let (of, at) = (name.as_bytes(), door.as_str().as_bytes());
        let (v4, v6);
        let address: &[u8] = match source {
            IpAddr::V4(address) => {
                v4 = address.octets();
                &v4
            }
            IpAddr::V6(address) => {
                v6 = address.octets();
                v6.split_at(8).0
            }
        };
        let mac = |parts: &[&[u8]]| self.vault.mac(MacPurpose::AccountName, parts);
        // WHY: behind a proxy on this machine every caller has a loopback address, and on it every user of the machine has:
        // locking it would let any of them keep out all the others. What is left there is each account's own counter.
        let address_lock = (!source.is_loopback())
            .then(|| Subject { mac: mac(&[b"address", at, address]), rule: self.settings.address_lock });
        Counters {
            door,
            account: self.attempts_on(name),
            here: Subject { mac: mac(&[b"here", at, of, address]), rule: self.settings.account_lock },
            everywhere: Subject {
                mac: mac(&[b"everywhere", at, of]),
                rule: self.settings.account_total_lock,
            },
            address: address_lock,
        }
    }

    fn new_handle(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{HANDLE_PREFIX}{}", base32::encode(self.random::<32>().as_slice())))
    }

    fn handle_mac(&self, handle: &str) -> Mac {
        self.vault.mac(MacPurpose::SessionHandle, &[handle.as_bytes()])
    }

    /// The MAC of a text that is spelled like a handle.
    fn known_form(&self, handle: &str) -> Option<Mac> {
        let secret = handle.strip_prefix(HANDLE_PREFIX)?;
        (handle.len() == HANDLE_CHARS && base32::is_base32(secret)).then(|| self.handle_mac(handle))
    }
}

/// One attempt, on its way into the ledger.
struct Attempt<'a> {
    entry: &'a Entry,
    app: &'a AppId,
    now: Timestamp,
}

impl Attempt<'_> {
    fn record(
        &self,
        principal: Option<Principal>,
        disposition: Verdict,
        why: &'static str,
    ) -> Result<(), SignInError> {
        self.entry.attempted(SignInAttempt {
            time: self.now,
            principal,
            app: self.app.clone(),
            disposition,
            status_detail: why.to_owned(),
            src_endpoint: self.entry.opened().http.src_endpoint,
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
