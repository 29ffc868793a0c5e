/**
 * What the command starts. Compiled modules are kept for the next start, in a directory of this user: whoever can write there
 * decides what runs. Worker threads have an environment of their own and are told of it by `NODE_COMPILE_CACHE`.
 */
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

const userCache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache")
const { directory } = enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? join(userCache, "caisson"))
if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] = directory
const { main } = await import("./main.ts")
await main(process.argv.slice(2))
