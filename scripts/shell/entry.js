export { gunzipSync, gzipSync } from "node:zlib"
export { Bash, checksum, ExecutionScope, Interpreter, parse, textOf } from "just-bash/browser"
export { port } from "./port.js"
