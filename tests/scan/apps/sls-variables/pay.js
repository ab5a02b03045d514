exports.handler = async () => process.env.PAYMENT_TOKEN.length;
