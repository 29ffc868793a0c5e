/**
 * Compiles `src` into a folder, `dist` unless another is named, and puts the files beside it that modules read at run time.
 * The command becomes a few files of its own: loading its modules one by one would take most of the time of a short run.
 */
import { spawnSync } from "node:child_process"
import { cpSync, rmSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const outDir = process.argv[2] ?? `${root}dist`

rmSync(outDir, { recursive: true, force: true })
const compiler = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`, "--outDir", outDir],
  { stdio: "inherit" }
)
if (compiler.status !== 0) process.exit(1)
cpSync(`${root}src`, outDir, {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !source.endsWith(".ts")
})

const cli = `${outDir}/cli`
rmSync(cli, { recursive: true, force: true })
await build({
  entryPoints: [`${root}src/cli/bin.ts`, `${root}src/quickjs/worker.ts`],
  outdir: cli,
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  platform: "node",
  format: "esm",
  target: "node22",
  external: ["quickjs-wasi", "amaro"],
  banner: { js: 'import { createRequire as bundled } from "node:module"; const require = bundled(import.meta.url);' },
  logLevel: "warning"
})
cpSync(`${root}src/quickjs/boot`, `${cli}/boot`, { recursive: true })
