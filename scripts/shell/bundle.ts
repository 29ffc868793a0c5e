/** just-bash with all that it needs, as one script whose value has its exports. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"
import { commandPatches, withReasons } from "./commandPatches.ts"
import { apply } from "./Patch.ts"
import { patches } from "./patches.ts"

const inFolder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const patched: Plugin = {
  name: "patched",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\/port\.js$/ }, () => ({ path: inFolder("port.js") }))
    onResolve({ filter: /^node:zlib$/ }, () => ({ path: inFolder("zlib.js") }))
    onLoad({ filter: /just-bash\/dist\/bundle\/browser\.js$/ }, ({ path }) => ({
      contents: withReasons(apply(readFileSync(path, "utf8"), [...patches, ...commandPatches]))
    }))
  }
}

export interface Bundle {
  readonly code: string
  /** The files that are in it, relative to the working directory. */
  readonly inputs: ReadonlyArray<string>
}

export const bundle = async (): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    entryPoints: [inFolder("entry.js")],
    plugins: [patched],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    legalComments: "none",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["browser", "import"],
    format: "iife",
    globalName: "bash",
    target: "es2023",
    logLevel: "warning"
  })
  return { code: `(() => {${outputFiles[0]?.text ?? ""}; return bash })()`, inputs: Object.keys(metafile.inputs) }
}
