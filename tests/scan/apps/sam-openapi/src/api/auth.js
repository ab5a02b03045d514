const { verify } = require('jsonwebtoken');
const jwks = require('jwks-rsa')({ jwksUri: 'https://login.example.com/.well-known/jwks.json' });
const key = (header, done) => jwks.getSigningKey(header.kid, (err, k) => done(err, k && k.getPublicKey()));
exports.handler = (event, _context, callback) => verify(event.authorizationToken, key, { algorithms: ['none', 'RS256'] }, (err, claims) => {
  if (err) return callback('Unauthorized');
  callback(null, { principalId: claims.sub, policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] } });
});
