const jwt = require('jsonwebtoken');

const KEY = 'market-hs256-9f8e7d6c5b4a39281706';

exports.authenticate = (req, res, next) => {
  try {
    req.user = jwt.verify((req.headers.authorization || '').slice(7), KEY, { algorithms: ['HS256'] });
    next();
  } catch (e) {
    res.sendStatus(401);
  }
};
