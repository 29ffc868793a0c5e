/** Reads a policy from the text of its file. */
import * as Result from "effect/Result"
import { digest } from "../Digest.ts"
import type { Policy } from "../Policy.ts"
import { PolicyError } from "../PolicyError.ts"
import { type Decision, decisions } from "../Rule.ts"
import { Document, type Place } from "./Document.ts"
import * as Field from "./Fields.ts"
import { readCases } from "./ReadCase.ts"
import { readLimits, readOutput } from "./ReadOutput.ts"
import { readRules } from "./ReadRule.ts"

const keys = ["version", "name", "defaults", "unparsable", "rules", "limits", "output", "cases"]
const version = 1

const readVersion = (document: Document, place: Place): void => {
  const scalar = document.scalar(place)
  if (scalar !== undefined && scalar.value !== version) {
    document.refuse(place, "this version of the format is not known", { allowed: [String(version)] })
  }
}

const stated = ["tools", "commands", "files", "network"] as const

const readDefaults = (document: Document, place: Place | undefined): Policy["defaults"] => {
  const fields = place && Field.fieldsOf(document, place, "defaults", stated)
  const stand = (kind: (typeof stated)[number]): Decision => {
    const given = fields?.get(kind)?.value
    return (given && Field.oneOf(document, given, "decision", decisions)) ?? "deny"
  }
  return { tools: stand("tools"), commands: stand("commands"), files: stand("files"), network: stand("network") }
}

const nameMax = 128

const readName = (document: Document, place: Place | undefined): string => {
  const name = (place && Field.textOf(document, place, "a name")) ?? ""
  if (place !== undefined && name.length > nameMax) document.refuse(place, `a name has at most ${nameMax} characters`)
  return name
}

const readAll = (document: Document, file: string): Policy | undefined => {
  const fields = Field.fieldsOf(document, document.root, "a policy", keys)
  if (fields === undefined) return undefined
  const value = (name: string): Place | undefined => fields.get(name)?.value
  const written = Field.required(document, fields, "version", "the policy")
  if (written !== undefined) readVersion(document, written)
  const name = readName(document, Field.required(document, fields, "name", "the policy"))
  const [unknown, listed, limited, printed, tried] = ["unparsable", "rules", "limits", "output", "cases"].map(value)
  const unparsable = unknown && Field.oneOf(document, unknown, "decision on scripts", ["deny", "ask"] as const)
  const rules = listed === undefined ? [] : readRules(document, listed)
  const decisive = {
    version,
    name,
    defaults: readDefaults(document, value("defaults")),
    ...(unparsable === undefined ? {} : { unparsable }),
    rules,
    limits: limited === undefined ? [] : readLimits(document, limited),
    output: printed === undefined ? { redact: [] } : readOutput(document, printed)
  }
  const ids = rules.map(({ id }) => id)
  const cases = tried === undefined ? [] : readCases(document, tried, ids)
  const { version: _, ...policy } = decisive
  return { id: digest(decisive), file, ...policy, cases }
}

/**
 * Reads a policy. `file` is how errors name it. At most 262 144 characters and 20 000 values, and of everything that is wrong
 * the first 20 issues are told.
 */
export const parse = (file: string, text: string): Result.Result<Policy, PolicyError> => {
  const document = new Document(text)
  const policy = document.isReadable ? readAll(document, file) : undefined
  const { issues } = document
  if (policy !== undefined && issues.length === 0) return Result.succeed(policy)
  return Result.fail(new PolicyError({ reason: "Malformed", file, detail: "", issues }))
}
