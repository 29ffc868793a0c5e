import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Pattern } from "../../capability/Pattern.ts"
import * as Plain from "../../capability/Plain.ts"
import { HoneytokenValue } from "../../template/Honeytoken.ts"
import { Reaction, RuleId } from "./Alert.ts"

const count = (fallback: number, minimum: number, maximum: number, description: string) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }))
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const ratio = (fallback: number, minimum: number, maximum: number, description: string) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }))
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const span = (fallback: number, description: string) => count(fallback, second, 30 * day, description)

const reaction = (fallback: Reaction) => Reaction.pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const section = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).pipe(Schema.withDecodingDefault(Effect.succeed({} as never)))

const patterns = (fallback: ReadonlyArray<string>, description: string) =>
  Schema.Array(Pattern)
    .check(Schema.isMaxLength(256))
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const names = (description: string) =>
  Schema.Array(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(255)))
    .check(Schema.isMaxLength(256))
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed([])))

/** A value that nobody has a reason to use. Whoever does has looked where there was nothing to look for. */
export const Honeytoken = Schema.Struct({
  /** What alerts call it. */
  name: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(64)),
  value: HoneytokenValue
})
export type Honeytoken = typeof Honeytoken.Type

const Bounds = section({
  sessions: count(1_024, 2, 65_536, "sessions remembered; beyond, those not seen for longest are forgotten"),
  tenants: count(256, 2, 16_384, "tenants whose habits are remembered, likewise"),
  textCharacters: count(
    1_048_576,
    1_024,
    67_108_864,
    "of one observation that are looked at: as many as arguments may have bytes"
  ),
  fingerprints: count(
    4_096,
    64,
    65_536,
    "of what a session read; beyond, every second one is dropped and the rest count double"
  ),
  fields: count(512, 8, 16_384, "arguments of a tenant whose usual values are remembered"),
  methods: count(512, 8, 16_384, "methods of a tenant that are remembered"),
  destinations: count(2_048, 8, 65_536, "hosts and mail addresses of a tenant that are remembered")
})

const Rules = section({
  denials: section({
    burst: count(
      20,
      2,
      10_000,
      "denied calls in a minute: a program that handles errors gives up or backs off before that"
    ),
    burstMillis: span(minute, "the minute"),
    slow: count(60, 2, 10_000, "denied calls in an hour, for those who keep below the burst"),
    slowMillis: span(hour, "the hour"),
    reaction: reaction("throttle")
  }),
  recon: section({
    methods: count(5, 2, 32, "different methods denied: one or two are mistakes, more are a search for what is open"),
    windowMillis: span(10 * minute, "within this time"),
    reaction: reaction("throttle")
  }),
  enumeration: section({
    misses: count(
      25,
      3,
      64,
      "different inputs of one method that failed with no write in between: an import writes what it does not find"
    ),
    windowMillis: span(hour, "within this time: guessing pays even at one guess in two minutes"),
    reaction: reaction("throttle")
  }),
  privileged: section({
    burst: count(8, 2, 10_000, "privileged calls in a minute: more than a person would approve one by one"),
    burstMillis: span(minute, "the minute"),
    slow: count(30, 2, 10_000, "privileged calls in an hour"),
    slowMillis: span(hour, "the hour"),
    reaction: reaction("pause")
  }),
  firstSeen: section({
    learning: count(
      200,
      0,
      1_000_000,
      "calls of a tenant from which its habits are learned before anything counts as new"
    ),
    sessions: count(
      3,
      1,
      8,
      "sessions that have to use something new before it is a habit: one alone could teach itself"
    ),
    reaction: reaction("pause")
  }),
  drift: section({
    learning: count(20, 5, 100_000, "values of an argument before its usual size is known"),
    deviations: ratio(4, 1, 20, "standard deviations of the logarithm that are still usual"),
    decades: ratio(1.5, 0.5, 12, "powers of ten that are usual however constant the values were: a factor of 30"),
    reaction: reaction("alert")
  }),
  exfiltration: section({
    windowMillis: span(day, "over which copies are added up, so that small pieces do not help"),
    copied: count(768, 32, 16_777_216, "characters that were read and go to one stranger: more than a message quotes"),
    spread: count(
      8_192,
      32,
      16_777_216,
      "the same, to any number of strangers: more than a mail to each of a hundred customers says of them"
    ),
    disguised: count(
      64,
      16,
      16_777_216,
      "the same, where they are reversed or in hexadecimal, which has no honest use in a call"
    ),
    copiedToKnown: count(131_072, 1_024, 1_073_741_824, "the same, to a known destination: more than a report has"),
    sealedMillis: span(10 * minute, "from large reads to large writes whose text has nothing in common with them"),
    sealed: count(
      16_384,
      1_024,
      1_073_741_824,
      "characters that go to one stranger after at least as many bytes were read"
    ),
    reaction: reaction("pause")
  }),
  honeytokens: section({
    pieces: ratio(
      0.6,
      0.3,
      1,
      "part of a honeytoken that was seen in pieces: less can be chance where tokens resemble words"
    ),
    reaction: reaction("freeze")
  }),
  addresses: section({ reaction: reaction("pause") }),
  scan: section({
    ports: count(8, 3, 32, "ports of one host: a client knows which one it wants"),
    windowMillis: span(10 * minute, "within this time"),
    reaction: reaction("pause")
  }),
  files: section({ reaction: reaction("pause") }),
  limits: section({
    hits: count(3, 1, 1_000, "limits hit: the first is a bug, the second a retry"),
    windowMillis: span(hour, "within this time"),
    reaction: reaction("throttle")
  }),
  redirect: section({ reaction: reaction("pause") })
})

/**
 * What the detector looks for. Every number has a default, which is meant for one session of an agent that works with business
 * tools; the description of each field gives the reason for it.
 *
 * `privileged`, `egress`, `files`: method patterns. `trusted`: hosts and mail domains, with all below them, that data may go to.
 * `allowedAddresses`: private hosts that guests have business with. `off`: rules that raise no alerts.
 */
export const Settings = Schema.Struct({
  privileged: patterns(
    ["**/admin/**", "**/payouts/**", "**/permissions/**", "**/keys/**", "**/users/delete", "**/grant", "**/revoke"],
    "methods that change who may do what, or move money out"
  ),
  egress: patterns(
    [
      "http/**",
      "fetch/**",
      "**/fetch",
      "**/send",
      "**/sendMail",
      "**/sendMessage",
      "smtp/**",
      "webhook/**",
      "webhooks/**"
    ],
    "methods by which data leaves the organisation"
  ),
  files: patterns(["files/**", "file/**", "fs/**", "**/readFile", "**/writeFile"], "methods that take paths"),
  trusted: names("hosts and mail domains of the organisation and its partners"),
  allowedAddresses: names("private hosts and addresses that guests may name"),
  honeytokens: Schema.Array(Honeytoken)
    .check(Schema.isMaxLength(128))
    .pipe(Schema.withDecodingDefault(Effect.succeed([]))),
  off: Schema.Array(RuleId).pipe(Schema.withDecodingDefault(Effect.succeed([]))),
  cooldownMillis: span(
    5 * minute,
    "an alert of one rule and session silences its like for so long, unless it gets more severe"
  ),
  bounds: Bounds,
  rules: Rules
})
export type Settings = typeof Settings.Type
export type SettingsInput = typeof Settings.Encoded

/** Reads settings from plain data: unknown fields and numbers out of range are refused by name. */
export const decode = (plain: unknown): Result.Result<Settings, Plain.Malformed> =>
  Plain.decode("detector settings", Settings, plain)
