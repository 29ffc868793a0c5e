/**
 * Compiles `src` into a folder, `dist` unless another is named, and puts the files beside it that modules read at run time.
 * The command and its worker become one file each: loading their modules one by one would take most of the time of a short run.
 * Names are not shortened: stack traces need them, and to give every function its name back takes longer than to read it.
 */
import { spawnSync } from "node:child_process"
import { cpSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { baseImage, shellImage } from "../src/quickjs/BaseImage.ts"
import { encode } from "../src/quickjs/BaseImageFile.ts"
import { licensesOf } from "./Licenses.ts"
import { bundle } from "./shell/bundle.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const outDir = process.argv[2] ?? `${root}dist`

// A package with a shell of another release, or none, would be found out by its users.
await shellImage()
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
// `bin` stays a module of its own: only what is loaded after it is kept compiled.
for (const file of readdirSync(cli)) if (!file.startsWith("bin.")) rmSync(`${cli}/${file}`, { recursive: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [`${root}src/cli/main.ts`, `${root}src/quickjs/worker.ts`],
  outdir: cli,
  entryNames: "[name]",
  bundle: true,
  metafile: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: "node",
  format: "esm",
  target: "node22",
  external: ["quickjs-wasi", "amaro"],
  // The parser of the command line makes one when it is loaded, and uses it for help.
  define: { "Intl.Segmenter": "LazySegmenter" },
  inject: [`${root}scripts/LazySegmenter.ts`],
  banner: { js: 'import { createRequire as bundled } from "node:module"; const require = bundled(import.meta.url);' },
  logLevel: "warning"
})
writeFileSync(`${outDir}/quickjs/base-image`, encode(await baseImage()))
const bundled = [...Object.keys(metafile.inputs), ...(await bundle()).inputs]
writeFileSync(`${outDir}/THIRD-PARTY-LICENSES.txt`, licensesOf(root, bundled))
