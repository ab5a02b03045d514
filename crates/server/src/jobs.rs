//! The platform's background work: a closed list, run in turn by one task.
//!
//! Invariant: a job changes nothing that a caller could ask for; whatever it does that matters stands in the ledger.

use std::time::Duration;

use crate::platform::Platform;

/// How often the jobs run.
const EVERY: Duration = Duration::from_secs(10);

/// The jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    /// Write what the edge refused since the last time, as one leaf.
    ReportRefusals,
    /// Remember how far the ledger is sealed.
    KeepHighWater,
    /// Read the roles again while they could not be read.
    RetryRoles,
}

const JOBS: [Job; 3] = [Job::ReportRefusals, Job::KeepHighWater, Job::RetryRoles];

/// Runs the jobs until the platform is dropped.
pub(crate) async fn run(platform: std::sync::Weak<Platform>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(platform) = platform.upgrade() else { return };
        for job in JOBS {
            perform(&platform, job).await;
        }
    }
}

async fn perform(platform: &Platform, job: Job) {
    match job {
        Job::ReportRefusals => report_refusals(platform),
        Job::KeepHighWater => platform.keep_high_water().await,
        Job::RetryRoles => retry_roles(platform),
    }
}

fn retry_roles(platform: &Platform) {
    if platform.lacks_roles()
        && let Err(error) = platform.refresh_directory()
    {
        tracing::error!(%error, "the roles still cannot be read");
    }
}

/// Writes the edge's refusals into the ledger: counted by wall, so that a flood is one leaf and not a million.
pub(crate) fn report_refusals(platform: &Platform) {
    let refused = platform.counters.take();
    if !refused.is_empty() {
        let words: Vec<_> = refused
            .iter()
            .map(|tally| {
                let example = tally
                    .sample
                    .as_ref()
                    .map(|sample| format!(" (such as {}: {})", sample.source, sample.why));
                format!("{}: {}{}", tally.wall.name(), tally.count, example.unwrap_or_default())
            })
            .collect();
        platform.note("refused at the edge", &words.join(", "));
    }
}
