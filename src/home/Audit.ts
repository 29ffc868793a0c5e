/** The audit log of a home, and the detector that reads along. */
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as AuditKeyFile from "../audit/AuditKeyFile.ts"
import * as AuditLog from "../audit/AuditLog.ts"
import * as Detector from "../audit/Detector.ts"
import type { SettingsInput } from "../audit/detection/Settings.ts"
import * as SessionAudit from "../audit/SessionAudit.ts"
import * as Redaction from "../policy/secret/Redaction.ts"
import type { Revocations } from "../token/Revocations.ts"
import { HomeError, notUsable } from "./HomeError.ts"
import * as Honeytokens from "./Honeytokens.ts"

/** How a home is audited. Everything has a default. */
export interface AuditOptions extends Omit<AuditLog.AuditOptions, "directory" | "keys" | "redact"> {
  /** What the detector of attacks has to know of this installation. Without it there is none. */
  readonly detection?: SettingsInput | undefined
}

/** Holds the keys, instead of the file `audit.keys` in the home. */
const keysVariable = "CAISSON_AUDIT_KEYS"

/** What is a secret wherever it is found; a policy may know of more, in what guests print. */
const secrets: Redaction.Output = {
  redact: [
    ...["aws-access-key", "github-token", "gitlab-token", "slack-token", "stripe-key", "google-api-key"],
    ...["anthropic-key", "openai-key", "npm-token", "caisson-token", "jwt", "private-key-block"]
  ].map((name) => ({ _tag: "Kind", name }))
}

const refused = <A, E extends HomeError["reason"], R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (reason) => new HomeError({ reason }))

const keysOf = Effect.fnUntraced(function* (home: string) {
  const given = yield* Config.option(Config.Redacted(keysVariable)).pipe(Effect.orElseSucceed(Option.none))
  return yield* Option.isSome(given)
    ? AuditKeyFile.parse(given.value)
    : AuditKeyFile.loadOrCreate(join(home, "audit.keys"))
})

/** A detector that knows the honeytokens of its settings and those of templates. */
const detectorOf = Effect.fnUntraced(function* (detection: SettingsInput, templates: ReadonlyArray<string>) {
  const planted = yield* Honeytokens.known(templates).pipe(
    Effect.mapError(({ message }) => notUsable(templates.join(", "), message)),
    Effect.provide(NodeServices.layer)
  )
  const honeytokens = [...(detection.honeytokens ?? []), ...planted]
  return yield* refused(Effect.fromResult(Detector.make({ ...detection, honeytokens })))
})

/** Audits the sessions of a home into its folder `audit`. One process at a time can hold it. */
export const layer = (
  home: string,
  options: AuditOptions,
  templates: ReadonlyArray<string>
): Layer.Layer<AuditLog.AuditLog, HomeError, Revocations> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { detection, ...settings } = options
      const directory = join(home, "audit")
      const keys = yield* refused(keysOf(home))
      const detector = detection === undefined ? undefined : yield* detectorOf(detection, templates)
      const log = AuditLog.layer({ ...settings, directory, keys, redact: (text) => Redaction.redact(secrets, text) })
      return SessionAudit.layer(directory, detector).pipe(
        Layer.provideMerge(log),
        Layer.catch((reason) => Layer.effectContext(Effect.fail(new HomeError({ reason }))))
      )
    })
  )
