import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Authority } from "../../token/Authority.ts"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as TokenArgument from "./Argument.ts"

const circumstances = {
  use: Flag.Literals("use", ["execution", "session"]).pipe(
    Flag.withDescription("What it is to be used for (default: execution)"),
    Flag.withDefault("execution" as const)
  ),
  session: Flags.text("session", "ID", "The session that it is to be used in"),
  run: Flags.text("run", "ID", "The run that it is to be used for"),
  codeHash: Flags.text("code-hash", "SHA256", "The SHA-256 of the code that it is to be used for"),
  audience: Flags.text("audience", "NAME", "Who is asking"),
  template: Flags.text("template", "NAME", "The template that is to be used"),
  language: Flags.text("language", "NAME", "The language that is to be used")
}

const orNone = (items: ReadonlyArray<string>): string => (items.length === 0 ? "none" : items.join(" "))

const limitWords = ({ cpuMillis, memoryMebibytes, wallMillis }: Authority["limits"]): ReadonlyArray<string> => [
  ...(memoryMebibytes === undefined ? [] : [`memory ${memoryMebibytes} MiB`]),
  ...(cpuMillis === undefined ? [] : [`CPU ${cpuMillis} ms`]),
  ...(wallMillis === undefined ? [] : [`time ${wallMillis} ms`])
]

/** The authority for a person: one fact a line. */
const linesOf = (authority: Authority, side: Side): ReadonlyArray<string> => {
  const { expiresMillis, files, languages, layers, limits, network, singleUses, templates, use } = authority
  const line = (name: string, text: string) => `${name.padEnd(13)}${side.tame(text)}`
  return [
    side.paint("green", `valid for ${use === "session" ? "a session" : "one execution"}, if it is used now`),
    line("ids", authority.ids.join(" ")),
    line("key", authority.keyId),
    line("expires", expiresMillis === undefined ? "never" : new Date(expiresMillis).toISOString()),
    ...layers.flatMap(({ capabilities, name }) => [
      line("calls", `that ${name} allows`),
      ...capabilities.map((capability) => line("", JSON.stringify(capability)))
    ]),
    line("reads", orNone(files.read)),
    line("writes", orNone(files.write)),
    line("connects to", orNone(network.map(({ host, ports }) => `${host}:${ports.join(",")}`))),
    line("at most", orNone(limitWords(limits))),
    ...(templates === undefined ? [] : [line("templates", orNone(templates))]),
    ...(languages === undefined ? [] : [line("languages", orNone(languages))]),
    ...(singleUses.length === 0 ? [] : [line("once", "not used yet, and not by this")])
  ]
}

/** `caisson token verify`. */
export const verify = Command.make(
  "verify",
  { token: TokenArgument.token, ...circumstances },
  Effect.fnUntraced(function* ({ token, ...given }) {
    const { home, json } = yield* root
    const { Admission, layerHome } = yield* Effect.promise(() => import("../../token/Admission.ts"))
    const text = yield* TokenArgument.read(token)
    const authority = yield* Admission.use(({ check }) => check(text, given)).pipe(Effect.provide(layerHome(home)))
    const { out } = yield* Screen
    yield* out.say(json ? JSON.stringify({ valid: true, ...authority }) : linesOf(authority, out).join("\n"))
  })
).pipe(
  Command.withDescription(
    "Says what a token gives, or why it is refused. What it is bound to has to be stated. A token for one use is not used up"
  )
)
