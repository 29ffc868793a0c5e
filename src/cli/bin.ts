/**
 * What the command starts. Compiled modules are kept for the next start, in a directory of this user: whoever can write there
 * decides what runs. Worker threads have an environment of their own and are told of it by `NODE_COMPILE_CACHE`.
 */
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"

// A command ends its process, and Node then waits for V8's threads. One that compiles for Sparkplug may itself wait, for a collection
// that nobody makes any more (Node 24.21: the command has said everything, and never ends).
setFlagsFromString("--no-concurrent-sparkplug")
const userCache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache")
const { directory } = enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? join(userCache, "caisson"))
if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] = directory
const { main } = await import("./main.ts")
await main(process.argv.slice(2))
