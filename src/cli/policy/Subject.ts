/** What `policy explain` is asked about, by flags. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { Language } from "../../capability/Language.ts"
import type { Subject } from "../../policy/Subject.ts"
import * as Flags from "../Flags.ts"
import { UsageError } from "../Problem.ts"

/** The flags that name a subject, of which one is given. */
export const subjectFlags = {
  call: Flags.text("call", "JSON", 'A call of a tool: {"method": "bank/pay", "input": {"amount": 5}}'),
  command: Flags.text("command", "TEXT", "A command for a shell"),
  file: Flags.text("file", "ACCESS:PATH", "A file: read:/etc/passwd or write:/tmp/x"),
  network: Flags.text("network", "HOST:PORT", "A connection: api.example.com:443 or [::1]:80"),
  code: Flags.text("code", "TEXT", "The code of a run")
}

/** What the code is written in. */
export const languageFlag = Flag.Literals("language", Language.literals).pipe(
  Flag.withDescription("What the code is written in (default: typescript)"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** The flags that say who asks. */
export const contextFlags = {
  template: Flags.text("template", "NAME", "The template of who asks"),
  tenant: Flags.text("tenant", "NAME", "The tenant of who asks"),
  labels: Flag.KeyValuePair("label").pipe(
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription("A label of who asks; can be given several times"),
    Flag.withDefault({})
  )
}

type Given = { readonly [Name in keyof typeof subjectFlags]: string | undefined }

const malformed = (flag: string, expected: string) =>
  new UsageError({ reason: "Contradiction", message: `--${flag} is written like ${expected}` })

const callOf = Effect.fnUntraced(function* (text: string) {
  const call = yield* Flags.parseJson("call", text)
  if (!Predicate.hasProperty(call, "method") || typeof call.method !== "string") {
    return yield* malformed("call", '{"method": "bank/pay", "input": {"amount": 5}}')
  }
  const input = Predicate.hasProperty(call, "input") ? call.input : undefined
  return { _tag: "Tool", method: call.method, input } satisfies Subject
})

const fileOf = (text: string): Effect.Effect<Subject, UsageError> => {
  const [, access, path = ""] = /^(read|write):(.+)$/s.exec(text) ?? []
  return access === "read" || access === "write"
    ? Effect.succeed({ _tag: "File", access, path })
    : Effect.fail(malformed("file", "read:/path or write:/path"))
}

const networkOf = (text: string): Effect.Effect<Subject, UsageError> => {
  const [, host = "", port] = /^(.+):(\d{1,5})$/s.exec(text) ?? []
  return port === undefined
    ? Effect.fail(malformed("network", "host:443 or [::1]:443"))
    : Effect.succeed({ _tag: "Network", host, port: Number(port) })
}

/** The one subject that was given. */
export const subjectOf = Effect.fnUntraced(function* (given: Given, language: Language | undefined) {
  yield* Flags.onlyOne(given)
  const { call, code, command = "", file, network } = given
  if (code !== undefined) return { _tag: "Code", language: language ?? "typescript", text: code } satisfies Subject
  if (language !== undefined) {
    return yield* new UsageError({ reason: "Contradiction", message: "--language goes with --code" })
  }
  if (call !== undefined) return yield* callOf(call)
  if (file !== undefined) return yield* fileOf(file)
  if (network !== undefined) return yield* networkOf(network)
  return { _tag: "Command", script: command } satisfies Subject
})
