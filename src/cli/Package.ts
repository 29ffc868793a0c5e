/** The package that the command line is a part of: two folders above this file and above what is built from it. */
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

interface Manifest {
  readonly version: string
  readonly engines: { readonly node: string }
}

export const manifest: Manifest = createRequire(import.meta.url)("../../package.json")

/** Sources of the agent in guests, which come with it. */
export const agentSources = fileURLToPath(new URL("../../guest", import.meta.url))
