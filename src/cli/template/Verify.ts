import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { exitCodes } from "../ExitCode.ts"
import { sizeOf } from "../files/Text.ts"
import { Ended, UsageError } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as Place from "./Place.ts"
import type { PartFile } from "./Text.ts"

/** What reading a part to its end has shown. */
interface Read extends PartFile {
  readonly state: "as it was built" | "changed" | "gone"
  readonly found?: string
}

const line = ({ bytes = 0, digest, found, part, path, state }: Read, side: Side): string => {
  const words = state === "as it was built" ? side.paint("green", state) : side.paint("red", state)
  const other = found === undefined ? "" : `: expected sha256:${digest}, found sha256:${found}`
  return `${part.padEnd(6)}  ${words}  ${sizeOf(bytes)}  ${side.tame(path)}${other}`
}

/** `caisson template verify`. */
export const verify = Command.make(
  "verify",
  { name: Place.name, templates: Place.templatesFlag },
  Effect.fnUntraced(function* ({ name, templates }) {
    const { json } = yield* root
    const Registry = yield* Effect.promise(() => import("../../template/Registry.ts"))
    const Text = yield* Effect.promise(() => import("./Text.ts"))
    const { ofFile } = yield* Effect.promise(() => import("../../template/Digest.ts"))
    const { out } = yield* Screen
    const directories = yield* Place.directories(templates)
    const read = yield* Effect.gen(function* () {
      const template = yield* Registry.findIn(directories, name)
      const { files } = yield* Text.standingOf(template)
      if (files === undefined) {
        const why = template.tier === "embedded" ? "has no image" : `is not built: run caisson template build ${name}`
        return yield* new UsageError({ reason: "NotBuilt", message: `template ${name} ${why}` })
      }
      return yield* Effect.forEach(files, (file) =>
        Effect.match(ofFile(file.path), {
          onFailure: (): Read => ({ ...file, state: "gone" }),
          onSuccess: (found): Read =>
            found === file.digest ? { ...file, state: "as it was built" } : { ...file, state: "changed", found }
        })
      )
    }).pipe(Effect.provide(Place.layer))
    const isWhole = read.every(({ state }) => state === "as it was built")
    if (json) yield* out.say(JSON.stringify({ template: name, ok: isWhole, parts: read }))
    else {
      for (const part of read) yield* out.say(line(part, out))
      if (!isWhole) yield* out.say(`caisson template build ${name} builds anew what is changed or gone`)
    }
    if (!isWhole) return yield* new Ended({ exitCode: exitCodes.failed.code })
  })
).pipe(
  Command.withDescription(
    "Reads every part of a template's image, and says if it is what was built: 0 if it is, 1 if not"
  )
)
