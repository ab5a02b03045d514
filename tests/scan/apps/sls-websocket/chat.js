exports.connect = async () => ({ statusCode: 200 });
exports.say = async () => ({ statusCode: 200 });
