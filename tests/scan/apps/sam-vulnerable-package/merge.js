const _ = require("lodash");

exports.handler = async (event) => _.merge({}, event.detail);
