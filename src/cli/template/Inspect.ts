import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Template } from "../../template/Template.ts"
import { sizeOf } from "../files/Text.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as Place from "./Place.ts"
import type { Standing } from "./Text.ts"

type Text = typeof import("./Text.ts")

const templateLines = (template: Template): ReadonlyArray<readonly [string, string]> => {
  const { description = "", languages, memoryMebibytes, name, tier } = template
  const common = [
    ["template", name],
    ["description", description],
    ["tier", tier],
    ["languages", languages.join(", ")],
    ["memory", `${memoryMebibytes} MiB`]
  ] as const
  if (template.tier === "embedded") return common
  const { cpus, diskMebibytes, image, limits, network, output, pool, warmUp } = template
  const source = "debian" in image ? `Debian ${image.debian}: ${image.packages.join(", ")}` : JSON.stringify(image.oci)
  return [
    ...common,
    ["processors", String(cpus)],
    ["disk", `${diskMebibytes} MiB`],
    ["network", network],
    ["output", output],
    ["image from", source],
    ["placed files", image.files.map(({ path }) => path).join(", ") || "none"],
    [
      "limits",
      Object.entries(limits)
        .map(([limit, value]) => `${limit} ${value}`)
        .join(", ")
    ],
    ["warm-up", warmUp.length === 0 ? "none" : `${warmUp.length} step${warmUp.length === 1 ? "" : "s"}`],
    ["pool", `${pool.size} machines`]
  ]
}

const imageLines = (
  { files = [], image, madeMillis = 0, state }: Standing,
  Text: Text
): ReadonlyArray<readonly [string, string]> =>
  image === undefined
    ? [["state", state]]
    : [
        ["state", `${state}, made ${Text.timeOf(madeMillis)}, ${sizeOf(Text.sizeOfAll(files))}`],
        ["image", image.id],
        ...(image.oci === undefined ? [] : [["made from", image.oci] as const]),
        ...files.map(({ bytes, digest, part, path }) => {
          const size = bytes === undefined ? "gone" : sizeOf(bytes)
          return [`  ${part}`, `${size}  sha256:${digest}\n${path}`] as const
        }),
        ["kernel", `${image.kernelPackage.name} ${image.kernelPackage.version}`],
        ["packages", String(image.packages.length)]
      ]

const shown = (pairs: ReadonlyArray<readonly [string, string]>, side: Side): ReadonlyArray<string> => {
  const width = Math.max(...pairs.map(([title]) => title.length))
  return pairs
    .filter(([, text]) => text !== "")
    .map(([title, text]) => {
      const below = side.tame(text).replaceAll("\n", `\n${" ".repeat(width + 2)}`)
      return `${side.paint("dim", title.padEnd(width))}  ${below}`
    })
}

/** `caisson template inspect`. */
export const inspect = Command.make(
  "inspect",
  { name: Place.name, templates: Place.templatesFlag },
  Effect.fnUntraced(function* ({ name, templates }) {
    const { json } = yield* root
    const Registry = yield* Effect.promise(() => import("../../template/Registry.ts"))
    const Text = yield* Effect.promise(() => import("./Text.ts"))
    const { out } = yield* Screen
    const directories = yield* Place.directories(templates)
    const { standing, template } = yield* Effect.gen(function* () {
      const template = yield* Registry.findIn(directories, name)
      return { template, standing: yield* Text.standingOf(template) }
    }).pipe(Effect.provide(Place.layer))
    const { files, image, madeMillis, state } = standing
    if (json) {
      const madeAt = madeMillis === undefined ? {} : { madeAt: Text.timeOf(madeMillis) }
      const built = image === undefined ? {} : { image: { ...image, template: undefined }, files }
      return yield* out.say(JSON.stringify({ template, state, ...madeAt, ...built }))
    }
    for (const line of shown([...templateLines(template), ...imageLines(standing, Text)], out)) yield* out.say(line)
    const packages = (image?.packages ?? []).map(({ architecture, name, version }) => [
      `  ${name}`,
      version,
      architecture
    ])
    for (const line of Text.table(packages)) yield* out.say(line)
  })
).pipe(
  Command.withDescription(
    "Shows a template with all that it says and does not say, and its image: digests, sizes, paths, packages with versions"
  )
)
