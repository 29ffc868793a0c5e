/** `caisson template` and `caisson doctor` with a cache and templates of their own. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { doctor } from "../../src/cli/doctor/Doctor.ts"
import { fromCause } from "../../src/cli/Problem.ts"
import { root } from "../../src/cli/Root.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { template } from "../../src/cli/template/Template.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as Digest from "../../src/template/Digest.ts"
import { Image, parts } from "../../src/template/image/ImageBuild.ts"
import * as Registry from "../../src/template/Registry.ts"
import { freshDirectory } from "./command.ts"
import { linesInto } from "./lines.ts"

const app = root.pipe(Command.withSubcommands([template, doctor]))

export interface Said {
  readonly code: number
  readonly out: string
  readonly notes: string
}

export const makeTemplates = () => {
  const directory = freshDirectory()
  const [home, templates, cache] = ["home", "templates", "cache"].map((name) => join(directory, name)) as [
    string,
    string,
    string
  ]
  mkdirSync(templates)

  /** Runs a command; a refusal is among the notes, as `main` would say it. */
  const command = (...words: ReadonlyArray<string>) => {
    const [out, notes]: [Array<string>, Array<string>] = [[], []]
    const said = (code: number): Said => ({ code, out: out.join("\n"), notes: notes.join("\n") })
    return Command.runWith(app, { version: "0" })([...words, "--home", home]).pipe(
      Effect.provideService(Screen, { out: linesInto(out), notes: linesInto(notes) }),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { CAISSON_CACHE: cache } }))),
      Effect.provide(NodeServices.layer),
      Effect.matchCause({
        onSuccess: () => said(0),
        onFailure: (cause) => {
          const problem = fromCause(cause)
          if (typeof problem === "number") return said(problem)
          notes.push(problem.message)
          return said(problem.exitCode)
        }
      })
    )
  }

  /** The value of a command's one line of JSON, whatever code it ends with. */
  const json = (...words: ReadonlyArray<string>) =>
    Effect.map(command(...words, "--json"), ({ code, out }) => ({ code, value: JSON.parse(out) }))

  const write = (name: string, more: string) =>
    writeFileSync(join(templates, `${name}.yaml`), `version: 1\nname: ${name}\n${more}`)

  /** Puts an image of a template into the cache, as a build would; its parts are small files. */
  const imageOf = (name: string) =>
    Effect.gen(function* () {
      const found = yield* Registry.find(templates, name)
      if (found.tier !== "microvm") return yield* Effect.die("there are no images of this tier")
      const made = join(cache, "made", name)
      mkdirSync(made, { recursive: true })
      const part = (part: string) => {
        const path = join(made, part)
        writeFileSync(path, `the ${part}`)
        return { path, digest: Digest.ofBytes(`the ${part}`) }
      }
      const [kernel, initrd, base, disk] = parts.map(part)
      const image = Image.make({
        version: 1,
        template: found,
        id: Digest.ofValue(name),
        ...({ kernel, initrd, base, disk } as Pick<Image, (typeof parts)[number]>),
        kernelPackage: { name: "linux-image", version: "6" },
        packages: [{ name: "bash", version: "5.2", architecture: "amd64" }]
      })
      yield* Cache.obtain({
        step: "image",
        key: Digest.ofValue(image),
        manifest: Image,
        make: () => Effect.succeed(image)
      })
      return image
    }).pipe(Effect.provide(Layer.merge(Cache.layerAt(join(cache, "templates")), NodeServices.layer)))

  return { home, templates, cache, command, json, write, imageOf }
}
