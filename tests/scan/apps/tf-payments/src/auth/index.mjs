import { createRemoteJWKSet, jwtVerify, decodeProtectedHeader } from 'jose';

const keys = createRemoteJWKSet(new URL(`${process.env.ISSUER}.well-known/jwks.json`));

export const handler = async (event) => {
  try {
    const token = event.headers.authorization.slice(7);
    if (decodeProtectedHeader(token).alg !== 'RS256') return { isAuthorized: false };
    await jwtVerify(token, keys, { issuer: process.env.ISSUER, audience: process.env.AUDIENCE });
    return { isAuthorized: true };
  } catch {
    return { isAuthorized: false };
  }
};
