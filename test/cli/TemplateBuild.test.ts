import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cache from "../../src/template/Cache.ts"
import { lacking } from "../microvm/machines.ts"
import { start } from "./command.ts"
import { makeTemplates } from "./templateCommand.ts"

const lacks = await lacking("shell")
const shell = readFileSync(fileURLToPath(new URL("../../templates/shell.yaml", import.meta.url)), "utf8")
/** Is read in a scope that is closed before the command runs: a layer is built once for all that is run inside of it. */
const shared = Cache.Cache.pipe(Effect.provide(Cache.layer), Effect.provide(NodeServices.layer))

describe("caisson template build, of machines", () => {
  it.live(
    "says of a build that is ended by a signal what is left of it, and nothing of runs",
    ({ skip }) =>
      Effect.gen(function* () {
        if (lacks !== undefined) return skip(lacks)
        const { cache, home, templates, write } = makeTemplates()
        const own = join(cache, "templates")
        mkdirSync(own, { recursive: true })
        symlinkSync(join((yield* shared).directory, "kernel"), join(own, "kernel"))
        write("own", "tier: microvm\nimage: { debian: bookworm }\nlanguages: [shell]\n")
        const words = ["template", "build", "own", "--templates", templates, "--home", home]
        const { appears, ended, process } = start(words, { env: { CAISSON_CACHE: cache } })
        yield* Effect.promise(() => appears("own: agent is being made"))
        process.kill("SIGINT")
        const { code, stderr, stdout } = yield* Effect.promise(() => ended)
        assert.deepStrictEqual([code, stdout], [130, ""])
        assert.deepStrictEqual(stderr.trim().split("\n"), [
          "own: kernel was made before",
          "own: agent is being made",
          "own: stopped; steps that are made are kept for the next build",
          "caisson: ended by a signal"
        ])
      }),
    60_000
  )

  it.live(
    "ends with 1 if the warm-up fails, after it has built the others",
    ({ skip }) =>
      Effect.gen(function* () {
        if (lacks !== undefined) return skip(lacks)
        const { cache, command, templates } = makeTemplates()
        const own = join(cache, "templates")
        mkdirSync(own, { recursive: true })
        const { directory } = yield* shared
        for (const step of ["kernel", "agent", "initrd", "base", "disk"]) {
          symlinkSync(join(directory, step), join(own, step))
        }
        const write = (name: string, more: string) =>
          writeFileSync(join(templates, `${name}.yaml`), `${shell.replace("name: shell", `name: ${name}`)}${more}`)
        write("broken", 'warmUp: [{ run: "echo no luck; exit 3" }]\n')
        write("sound", 'warmUp: [{ run: "true" }]\n')
        const build = ["template", "build", "--templates", templates]
        const { code, notes, out } = yield* command(...build, "--all")
        assert.strictEqual(code, 1)
        assert.match(notes, /^broken: no machine could be made ready: .*\(exited 3\): no luck/m)
        assert.match(notes, /^sound: its machines are ready to be cloned/m)
        assert.match(out, /^broken is built: .*\nsound is built: /)
        assert.strictEqual((yield* command(...build, "broken", "--image-only")).code, 0)
        assert.strictEqual((yield* command(...build, "sound")).code, 0)
      }),
    240_000
  )
})
