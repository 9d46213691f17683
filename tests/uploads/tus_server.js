// A real tus server on loopback for tests: `node tus_server.js MODULES PORT FOLDER TOKEN`. It takes uploads from whoever
// shows the token; an upload that was made is filled by whoever knows its address, as a drop is, and is given out with the
// token alone.
const [modules, port, folder, token] = process.argv.slice(2);
const { createRequire } = require("node:module");
const need = createRequire(modules + "/");
const { Server } = need("@tus/server");
const { FileStore } = need("@tus/file-store");

const server = new Server({
  path: "/files",
  datastore: new FileStore({ directory: folder, expirationPeriodInMilliseconds: 3600_000 }),
  async onIncomingRequest(request) {
    const open = request.method === "HEAD" || request.method === "PATCH" || request.method === "OPTIONS";
    const shown = request.headers.get ? request.headers.get("authorization") : request.headers.authorization;
    if (!open && shown !== `Bearer ${token}`) throw { status_code: 401, body: "no token\n" };
  },
});
server.listen({ host: "127.0.0.1", port: Number(port) });
