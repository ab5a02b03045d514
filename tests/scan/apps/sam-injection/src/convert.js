const { exec, execFile } = require("child_process");
const fs = require("fs");
const path = require("path");

exports.handler = async (event) => {
  const { format, name } = JSON.parse(event.body);
  exec(`convert /tmp/in.png /tmp/out.${format}`);
  execFile("convert", ["/tmp/in.png", path.basename(name)]);
  const template = fs.readFileSync("/var/templates/" + event.queryStringParameters.template, "utf8");
  const size = parseInt(event.queryStringParameters.size, 10);
  const small = fs.readFileSync(`/var/sizes/${size}.json`, "utf8");
  return { statusCode: 200, body: template + small };
};
