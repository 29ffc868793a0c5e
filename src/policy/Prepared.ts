/** A subject, read once for all rules. What cannot be read is undefined. */
import * as Result from "effect/Result"
import * as NormalisedPath from "../capability/NormalisedPath.ts"
import * as Pattern from "../capability/Pattern.ts"
import type * as Address from "./network/Address.ts"
import * as Host from "./network/Host.ts"
import type { Access, Subject } from "./Subject.ts"
import type { Script } from "./shell/Findings.ts"
import * as Shell from "./shell/Script.ts"

export interface PreparedNetwork {
  readonly kind: "network"
  readonly host: Host.Host | undefined
  readonly port: number
  /** Of the host itself, or of its name once that is resolved. Undefined if they are not known. */
  readonly addresses: ReadonlyArray<Address.Address> | undefined
}

export type Prepared =
  | { readonly kind: "tools"; readonly method: Pattern.Method | undefined; readonly input: unknown }
  | { readonly kind: "commands"; readonly script: Script }
  | { readonly kind: "files"; readonly access: Access; readonly path: NormalisedPath.NormalisedPath | undefined }
  | PreparedNetwork
  | { readonly kind: "code"; readonly language: string; readonly text: string }

export type PreparedOf<K extends Prepared["kind"]> = Extract<Prepared, { readonly kind: K }>

const addressOf = (text: string): Address.Address | undefined => {
  const host = Host.parse(text)
  return host?._tag === "Address" ? host.address : undefined
}

const network = ({ addresses, host, port }: Extract<Subject, { readonly _tag: "Network" }>): PreparedNetwork => {
  const read = Host.parse(host)
  const own = read?._tag === "Address" ? [read.address] : undefined
  const given = addresses === undefined || addresses.length === 0 ? own : [...(own ?? []), ...addresses.map(addressOf)]
  const isReadable = given?.every((address) => address !== undefined) !== false
  return { kind: "network", host: isReadable ? read : undefined, port, addresses: isReadable ? given : undefined }
}

/** Reads a subject. Total. */
export const prepare = (subject: Subject): Prepared => {
  switch (subject._tag) {
    case "Tool":
      return { kind: "tools", method: Result.getOrUndefined(Pattern.method(subject.method)), input: subject.input }
    case "Command":
      return {
        kind: "commands",
        script: "argv" in subject ? Shell.fromArguments(subject.argv, subject.around) : Shell.read(subject.script)
      }
    case "File":
      return {
        kind: "files",
        access: subject.access,
        path: Result.getOrUndefined(NormalisedPath.parse(subject.path))
      }
    case "Network":
      return network(subject)
    case "Code":
      return { kind: "code", language: subject.language, text: subject.text }
  }
}
