/**
 * Installs what the microVM tier needs of a host of Debian or its kin: shows the packages and the command, asks, and runs it.
 * Nothing is installed without a yes: of a person on a terminal, or by `--yes`.
 *
 * The compiler of the agent need not be new: an older one fetches the release that it needs when the agent is built.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createInterface } from "node:readline/promises"
import { fileURLToPath } from "node:url"
import { hostPrograms, installing, keyring, packagesOf } from "../src/cli/HostPrograms.ts"

const words = new Set(process.argv.slice(2))
const unknown = [...words].filter((word) => word !== "--yes")

const succeeds = (program: string, ...given: ReadonlyArray<string>): boolean =>
  spawnSync(program, given, { stdio: "ignore" }).status === 0

const isThere = (program: string): boolean => succeeds("sh", "-c", 'command -v "$1"', "sh", program)

const isRoot = process.geteuid?.() === 0

/** What stands before a command that root has to run; undefined if this user cannot become root. */
const asRoot: ReadonlyArray<string> | undefined = isRoot ? [] : isThere("sudo") ? ["sudo"] : undefined

const run = (command: ReadonlyArray<string>): void => {
  const [program = "", ...given] = [...(asRoot ?? []), ...command]
  console.log(`+ ${[program, ...given].join(" ")}`)
  const { status } = spawnSync(program, given, { stdio: "inherit" })
  if (status !== 0) throw new Error(`${program} ended with ${status}`)
}

const ask = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(`${question} [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

/** What somebody whose host is not Debian's installs by other means. */
const onOtherHosts = (): string => {
  const programs = hostPrograms.map(({ name, neededFor }) => `  ${name}: ${neededFor}`)
  return [
    "This host has no apt-get. Install these programs as your distribution has them; QEMU from 7.2 on:",
    ...programs,
    `and ${keyring.file}, of the package ${keyring.debian}. Images are always those of Debian: mmdebstrap and`,
    "apt-get have to be there for building them, but images that were built on a host of Debian can be copied:",
    "the directory that `caisson doctor` calls the cache. `caisson doctor --tier microvm` says what is missing."
  ].join("\n")
}

const missingPrograms = hostPrograms.filter(
  ({ name }) => !isThere(name) && !existsSync(`/usr/local/${name}/bin/${name}`)
)
const packages = [...packagesOf(missingPrograms), ...(existsSync(keyring.file) ? [] : [keyring.debian])]

const release = (): string => /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "this host"

const setUp = async (): Promise<number> => {
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(" ")}. The only flag is --yes: go on without asking.`)
    return 64
  }
  if (packages.length === 0) {
    console.log("All packages of the microVM tier are installed.")
    return 0
  }
  if (!isThere("apt-get")) {
    console.error(onOtherHosts())
    return 69
  }
  console.log(`The microVM tier needs ${packages.length} packages that ${release()} does not have yet:`)
  for (const { debian, name, neededFor } of missingPrograms) console.log(`  ${debian}: ${name}, ${neededFor}`)
  console.log(`The command is: ${isRoot ? installing(packages).replace(/^sudo /, "") : installing(packages)}`)
  if (asRoot === undefined) {
    console.error("This user is not root, and there is no sudo: have somebody run it who is.")
    return 69
  }
  const isAgreed = words.has("--yes") || (process.stdin.isTTY && (await ask("Install them?")))
  if (!isAgreed) {
    console.error("Nothing was installed. `npm run microvm:setup -- --yes` goes on without asking.")
    return 1
  }
  run(["apt-get", "update"])
  run(["apt-get", "install", "--yes", "--no-install-recommends", ...packages])
  return 0
}

/** Says what there is now, with a real boot if a template is built. */
const report = (): number => {
  const command = fileURLToPath(new URL("../src/cli/bin.ts", import.meta.url))
  const quiet = ["--conditions=source", "--disable-warning=ExperimentalWarning"]
  return (
    spawnSync(process.execPath, [...quiet, command, "doctor", "--tier", "microvm"], { stdio: "inherit" }).status ?? 70
  )
}

const code = await setUp()
process.exitCode = code === 0 ? report() : code
