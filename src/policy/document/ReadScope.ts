/** Reads what a rule is about. */
import * as Result from "effect/Result"
import * as Pattern from "../../capability/Pattern.ts"
import * as Host from "../network/Host.ts"
import * as PathPattern from "../PathPattern.ts"
import type { PortRange, RuleEffect, Scope } from "../Rule.ts"
import type { Kind } from "../Subject.ts"
import * as CommandPattern from "../shell/CommandPattern.ts"
import type { Document, Place } from "./Document.ts"
import * as Field from "./Fields.ts"
import { readWhere } from "./ReadWhere.ts"

/** A text that something else reads. */
const read =
  <A>(document: Document, what: string, parse: (text: string) => Result.Result<A, string>) =>
  (place: Place): A | undefined => {
    const text = Field.textOf(document, place, what)
    if (text === undefined) return undefined
    const parsed = parse(text)
    if (Result.isSuccess(parsed)) return parsed.success
    document.refuse(place, parsed.failure)
    return undefined
  }

const parseMethods = (text: string): Result.Result<Pattern.Pattern, string> =>
  Result.mapError(Pattern.parse(text), ({ message }) => message)

const tools = (document: Document, place: Place, where: Place | undefined): Scope | undefined => {
  const methods = Field.oneOrMore(
    document,
    place,
    "method patterns such as stripe/charges/*",
    read(document, "a method pattern", parseMethods)
  )
  const constraint = where === undefined ? undefined : readWhere(document, where)
  return methods && { kind: "tools", methods, ...(constraint === undefined ? {} : { where: constraint }) }
}

const commands = (document: Document, place: Place, effect: RuleEffect | undefined): Scope | undefined => {
  const patterns = Field.oneOrMore(document, place, "command patterns such as rm -rf", (item) => {
    const pattern = read(document, "a command pattern", CommandPattern.parse)(item)
    if (pattern !== undefined && pattern.stages.length > 1 && effect === "allow") {
      document.refuse(item, "a rule that allows has no pipes: it allows each command by itself")
    }
    return pattern
  })
  return patterns && { kind: "commands", patterns }
}

const files = (document: Document, place: Place): Scope | undefined => {
  const fields = Field.fieldsOf(document, place, "files", ["access", "paths"])
  if (fields === undefined) return undefined
  const access = fields.get("access")?.value
  const given =
    access &&
    Field.oneOrMore(document, access, "read and write", (item) =>
      Field.oneOf(document, item, "access to files", ["read", "write"] as const)
    )
  const written = Field.required(document, fields, "paths", "a rule about files")
  const paths = written && Field.oneOrMore(document, written, "paths", read(document, "a path", PathPattern.parse))
  return paths && { kind: "files", access: given ?? ["read", "write"], paths }
}

const portMax = 65_535

const port = (document: Document, place: Place): PortRange | undefined => {
  const scalar = document.scalar(place)
  const range = /^(\d{1,5})-(\d{1,5})$/.exec(typeof scalar?.value === "string" ? scalar.value : "")
  if (range === null) {
    const number = Field.wholeOf(document, place, "a port, or a range such as 8000-8999", { min: 0, max: portMax })
    return number === undefined ? undefined : { from: number, to: number }
  }
  const [from = 0, to = 0] = range.slice(1).map(Number)
  if (from <= to && to <= portMax) return { from, to }
  document.refuse(place, `expected a range of ports from 0 to ${portMax}, the lower first`)
  return undefined
}

const network = (document: Document, place: Place): Scope | undefined => {
  const fields = Field.fieldsOf(document, place, "network", ["hosts", "ports", "private"])
  if (fields === undefined) return undefined
  if (fields.names.length === 0) document.refuse(place, "a rule about the network names hosts, ports or private")
  const values = { hosts: fields.get("hosts"), ports: fields.get("ports"), private: fields.get("private") }
  const hosts =
    values.hosts && Field.oneOrMore(document, values.hosts.value, "hosts", read(document, "a host", Host.parsePattern))
  const ports = values.ports && Field.oneOrMore(document, values.ports.value, "ports", (item) => port(document, item))
  const isPrivate = values.private && Field.trueOf(document, values.private.value, "private")
  return {
    kind: "network",
    ...(hosts === undefined ? {} : { hosts }),
    ...(ports === undefined ? {} : { ports }),
    ...(isPrivate === undefined ? {} : { private: isPrivate })
  }
}

const code = (document: Document, place: Place): Scope | undefined => {
  const fields = Field.fieldsOf(document, place, "code", ["languages", "contains"])
  if (fields === undefined) return undefined
  if (fields.names.length === 0) document.refuse(place, "a rule about code names languages or contains")
  const [named, held] = [fields.get("languages"), fields.get("contains")]
  const languages =
    named && Field.oneOrMore(document, named.value, "languages", (item) => Field.languageOf(document, item))
  const contains =
    held &&
    Field.oneOrMore(document, held.value, "texts in the code", (item) =>
      Field.textOf(document, item, "a text in the code")
    )
  return {
    kind: "code",
    ...(languages === undefined ? {} : { languages }),
    ...(contains === undefined ? {} : { contains })
  }
}

/** Reads the one subject of a rule, of which the fields are known. */
export const readScope = (
  document: Document,
  kind: Kind,
  place: Place,
  about: { readonly effect: RuleEffect | undefined; readonly where: Place | undefined }
): Scope | undefined => {
  switch (kind) {
    case "tools":
      return tools(document, place, about.where)
    case "commands":
      return commands(document, place, about.effect)
    case "files":
      return files(document, place)
    case "network":
      return network(document, place)
    case "code":
      return code(document, place)
  }
}
