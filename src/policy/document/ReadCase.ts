/** Reads the tests of a policy file. */
import type { Case } from "../Case.ts"
import { decisions } from "../Rule.ts"
import type { Context, Subject } from "../Subject.ts"
import type { Document, Place } from "./Document.ts"
import * as Field from "./Fields.ts"

const subjects = ["tool", "command", "file", "network", "code"] as const

const readContext = (document: Document, place: Place): Context => {
  const fields = Field.fieldsOf(document, place, "context", ["template", "tenant", "labels"])
  const [template, tenant, labels] = ["template", "tenant", "labels"].map((name) => fields?.get(name)?.value)
  const pairs = labels && document.pairs(labels, "a mapping of labels and their values")
  return {
    template: template && Field.textOf(document, template, "a template"),
    tenant: tenant && Field.textOf(document, tenant, "a tenant"),
    labels:
      pairs &&
      Object.fromEntries(pairs.map(({ name, value }) => [name, Field.textOf(document, value, "a label's value") ?? ""]))
  }
}

const readTool = (document: Document, place: Place): Subject | undefined => {
  const fields = Field.fieldsOf(document, place, "tool", ["method", "input"])
  const named = fields && Field.required(document, fields, "method", "a call")
  const method = named && Field.textOf(document, named, "a method")
  const given = fields?.get("input")
  const input = given === undefined ? { value: undefined } : document.plain(given.value)
  return method === undefined || input === undefined ? undefined : { _tag: "Tool", method, input: input.value }
}

const readCommand = (document: Document, place: Place): Subject | undefined => {
  if (!document.isList(place)) {
    const script = Field.textOf(document, place, "a command as text, or a list of its words")
    return script === undefined ? undefined : { _tag: "Command", script }
  }
  const argv = Field.listOf(document, place, "words", (item) => Field.textOf(document, item, "a word"))
  return argv && { _tag: "Command", argv }
}

const readFile = (document: Document, place: Place): Subject | undefined => {
  const fields = Field.fieldsOf(document, place, "file", ["access", "path"])
  const access = fields && Field.required(document, fields, "access", "a file")
  const path = fields && Field.required(document, fields, "path", "a file")
  const kind = access && Field.oneOf(document, access, "access to files", ["read", "write"] as const)
  const text = path && Field.textOf(document, path, "a path")
  return kind === undefined || text === undefined ? undefined : { _tag: "File", access: kind, path: text }
}

const readNetwork = (document: Document, place: Place): Subject | undefined => {
  const fields = Field.fieldsOf(document, place, "network", ["host", "port", "addresses"])
  const named = fields && Field.required(document, fields, "host", "a connection")
  const numbered = fields && Field.required(document, fields, "port", "a connection")
  const host = named && Field.textOf(document, named, "a host")
  const port = numbered && Field.wholeOf(document, numbered, "a port", { min: 0, max: 65_535 })
  const given = fields?.get("addresses")
  const addresses =
    given && Field.oneOrMore(document, given.value, "addresses", (item) => Field.textOf(document, item, "an address"))
  return host === undefined || port === undefined ? undefined : { _tag: "Network", host, port, addresses }
}

const readCode = (document: Document, place: Place): Subject | undefined => {
  const fields = Field.fieldsOf(document, place, "code", ["language", "text"])
  const [named, written] = ["language", "text"].map(
    (name) => fields && Field.required(document, fields, name, "a piece of code")
  )
  const language = named && Field.languageOf(document, named)
  const text = written && Field.textOf(document, written, "code")
  return language === undefined || text === undefined ? undefined : { _tag: "Code", language, text }
}

const readers = { tool: readTool, command: readCommand, file: readFile, network: readNetwork, code: readCode } as const

const readSubject = (document: Document, fields: Field.Fields): Subject | undefined => {
  const [first, ...others] = subjects.filter((subject) => fields.names.includes(subject))
  const pair = first && fields.get(first)
  if (first === undefined || pair === undefined) {
    document.refuse(fields.place, "the case is about nothing", { allowed: subjects })
    return undefined
  }
  for (const other of others) {
    const key = fields.get(other)?.key
    if (key !== undefined) document.refuse(key, `the case is already about a ${first}: make this a case of its own`)
  }
  return readers[first](document, pair.value)
}

const readCase = (document: Document, place: Place, ids: ReadonlyArray<string>): Case | undefined => {
  const fields = Field.fieldsOf(document, place, "a case", ["name", ...subjects, "context", "expect", "rule"])
  if (fields === undefined) return undefined
  const named = Field.required(document, fields, "name", "the case")
  const expected = Field.required(document, fields, "expect", "the case")
  const name = named && Field.textOf(document, named, "the name of a case")
  const expect = expected && Field.oneOf(document, expected, "decision", decisions)
  const subject = readSubject(document, fields)
  const [given, ruled] = [fields.get("context"), fields.get("rule")]
  const context = given === undefined ? {} : readContext(document, given.value)
  const rule = ruled && Field.oneOf(document, ruled.value, "id of a rule", ids)
  if (name === undefined || expect === undefined || subject === undefined) return undefined
  return {
    name,
    subject,
    context,
    expect,
    ...(rule === undefined ? {} : { rule }),
    position: document.positionOf(place)
  }
}

/** Reads the cases. Rules that they name must be there. */
export const readCases = (document: Document, place: Place, ids: ReadonlyArray<string>): ReadonlyArray<Case> =>
  Field.listOf(document, place, "cases", (item) => readCase(document, item, ids)) ?? []
