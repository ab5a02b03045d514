exports.list = async () => 1;
exports.clean = async () => 1;
exports.open = async () => 1;
