// Portkey's server listens on every interface and has no setting for it: keep it to loopback.
const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return typeof port === "number" || typeof port === "string"
    ? listen.call(this, Number(port), "127.0.0.1", ...rest.filter((argument) => typeof argument === "function"))
    : listen.call(this, { ...port, host: "127.0.0.1" }, ...rest);
};
