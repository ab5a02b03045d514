const router = require('express').Router();
const { Pool } = require('pg');
const db = require('../services/db');
const pool = new Pool({ connectionString: process.env.DB_URL });
const SORT = { price: 'price', name: 'name' };

router.get('/', async (req, res) => {
  const { rows } = await pool.query(`SELECT * FROM products WHERE name ILIKE '%${req.query.q}%'`);
  res.json(rows);
});
router.get('/by/:field', async (req, res) => {
  const column = SORT[req.params.field] || 'name';
  const { rows } = await db.query(`SELECT id, name FROM products WHERE shop = $1 ORDER BY ${column}`, [req.query.shop]);
  res.json(rows);
});
module.exports = router;
