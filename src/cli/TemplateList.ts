import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { sizeOf } from "./FilesText.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"
import * as Place from "./TemplatePlace.ts"

/** `caisson template list`. */
export const list = Command.make(
  "list",
  { templates: Place.templatesFlag },
  Effect.fnUntraced(function* ({ templates: given }) {
    const { json } = yield* root
    const Registry = yield* Effect.promise(() => import("../template/Registry.ts"))
    const Text = yield* Effect.promise(() => import("./TemplateText.ts"))
    const { out } = yield* Screen
    const directories = yield* Place.directories(given)
    const found = yield* Effect.gen(function* () {
      const names = yield* Registry.namesIn(directories)
      return yield* Effect.forEach(names, (name) =>
        Effect.gen(function* () {
          const template = yield* Registry.findIn(directories, name)
          return { template, standing: yield* Text.standingOf(template) }
        })
      )
    }).pipe(Effect.provide(Place.layer))
    const rows = found.map(({ standing: { files, madeMillis, state }, template: { languages, name, tier } }) => ({
      name,
      tier,
      languages,
      state,
      ...(files === undefined ? {} : { bytes: Text.sizeOfAll(files) }),
      ...(madeMillis === undefined ? {} : { madeAt: Text.timeOf(madeMillis) })
    }))
    if (json) return yield* out.say(JSON.stringify({ templates: rows }))
    const cells = rows.map(({ bytes, languages, madeAt = "", name, state, tier }) => [
      name,
      tier,
      languages.join(", "),
      state,
      bytes === undefined ? "" : sizeOf(bytes),
      madeAt
    ])
    for (const line of Text.table(cells)) yield* out.say(line)
  })
).pipe(
  Command.withDescription(
    "Lists templates: tier, languages, whether their image is built, what it takes on the disk, and when it was built"
  )
)
