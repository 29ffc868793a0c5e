/**
 * Uses the package as a stranger would who installed it: packs it, unpacks it into an empty project with nothing beside it but
 * its own dependencies, then imports every entry, starts the command, and runs the examples of the documentation on it.
 *
 * The dependencies are borrowed from this clone, so it needs no network.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const project = mkdtempSync(join(tmpdir(), "caisson-stranger-"))

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim()

const quiet = "--disable-warning=ExperimentalWarning"

const node = (...args: ReadonlyArray<string>): string => run(project, process.execPath, quiet, ...args)

interface Package {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** Packs and unpacks, and gives the package as it was packed. */
const install = (): Package => {
  const archive = run(root, "npm", "pack", "--silent", "--pack-destination", project).split("\n").at(-1) ?? ""
  const home = join(project, "node_modules", "caisson")
  mkdirSync(home, { recursive: true })
  run(project, "tar", "-xzf", archive, "-C", home, "--strip-components=1")
  return JSON.parse(readFileSync(join(home, "package.json"), "utf8"))
}

const borrow = (dependency: string): void => {
  const place = join(project, "node_modules", dependency)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(join(root, "node_modules", dependency), place)
}

const tryEntry = (entry: string): void => {
  const names = node("--input-type=module", "--eval", `console.log(Object.keys(await import("${entry}")).join(", "))`)
  console.log(`import "${entry}": ${names}`)
}

const tryCommand = (name: string, file: string, version: string): void => {
  const said = node(join("node_modules", "caisson", file), "--version")
  console.log(`${name} --version: ${said}`)
  if (!said.includes(version)) throw new Error(`${name} does not say that it is ${version}`)
}

const tryShell = (file: string): void => {
  const [launcher, home] = [join("node_modules", "caisson", file), join(project, "home")]
  const script = "printf 'b\\na\\n' | sort | tr a-z A-Z"
  const said = node(launcher, "run", "--language", "shell", "--home", home, "-e", script)
  console.log(`caisson run --language shell: ${JSON.stringify(said)}`)
  if (said !== "A\nB") throw new Error(`the shell does not sort: ${said}`)
}

/** What comes beside the modules: templates, and the sources of the agent that images are built with. */
const tryTemplates = (file: string): void => {
  const launcher = join("node_modules", "caisson", file)
  const { templates } = JSON.parse(node(launcher, "template", "list", "--json"))
  const names = templates.map(({ name }: { readonly name: string }) => name).join(", ")
  console.log(`caisson template list: ${names}`)
  if (!names.includes("shell")) throw new Error("the templates are missing")
  if (!existsSync(join(project, "node_modules", "caisson", "guest", "go.mod"))) throw new Error("the agent is missing")
  console.log(`caisson doctor: ${node(launcher, "doctor", "--tier", "embedded").split("\n")[0]}`)
}

const tryExample = (program: string): void => {
  console.log(`${program}:`)
  execFileSync(process.execPath, [quiet, join("examples", program)], { cwd: project, stdio: "inherit" })
}

try {
  const { bin, dependencies, exports, name, version } = install()
  for (const dependency of Object.keys(dependencies)) borrow(dependency)
  for (const entry of Object.keys(exports)) {
    if (!entry.endsWith(".json")) tryEntry(entry.replace(/^\./, name))
  }
  for (const [command, file] of Object.entries(bin)) tryCommand(command, file, version)
  tryShell(bin["caisson"] ?? "")
  tryTemplates(bin["caisson"] ?? "")
  cpSync(join(root, "docs", "examples"), join(project, "examples"), { recursive: true })
  // The demo of machines with kernels takes a template that is built, and minutes: it has a test of its own.
  for (const program of globSync(["*.ts", "refunds/demo.ts"], { cwd: join(project, "examples") })) tryExample(program)
} finally {
  rmSync(project, { recursive: true, force: true })
}
