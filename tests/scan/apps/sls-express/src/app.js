const express = require('express');
const serverless = require('serverless-http');
const cors = require('cors');
const { authenticate } = require('./services/auth');

const app = express();
app.use(express.json());
app.use(cors({ origin: true, credentials: true }));
app.use('/search', require('./routes/search'));
app.use('/exports', authenticate, require('./routes/exports'));
app.use((err, req, res, next) => {
  console.error(err);
  res.status(500).json({ error: err.message, stack: err.stack });
});
module.exports.handler = serverless(app);
