/** The file of an audit log's keys: lines of `id:secret`, the secret in base64url. The first key signs, all of them verify. */
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as OwnFile from "../token/OwnFile.ts"
import { AuditError, fileFailed, KeyRefused } from "./AuditError.ts"
import { type AuditKey, type AuditKeys, byId } from "./AuditKey.ts"

const secretBytes = 32

const refused = (key: string, detail: string): AuditError => new AuditError({ reason: new KeyRefused({ key, detail }) })

const toKey = (item: string, index: number): AuditKey => {
  const [, id, secret] = /^([^:]+):([A-Za-z0-9_-]+)$/.exec(item.trim()) ?? []
  if (id === undefined || secret === undefined)
    throw refused(String(index + 1), "is not id:secret with the secret in base64url")
  return { id, bytes: Redacted.make(new Uint8Array(Buffer.from(secret, "base64url")), { label: `audit key ${id}` }) }
}

const parseText = (text: Redacted.Redacted<string>): AuditKeys => {
  const items = Redacted.value(text)
    .split(/[,\n]/)
    .filter((item) => item.trim() !== "")
  const [signing, ...verification] = items.map(toKey)
  if (signing === undefined) throw refused("1", "is missing: there are no keys")
  byId([signing, ...verification])
  return { signing, verification }
}

/** Reads keys from a text, with commas or line ends between them. */
export const parse = (text: Redacted.Redacted<string>): Effect.Effect<AuditKeys, AuditError> =>
  Effect.try({ try: () => parseText(text), catch: fileFailed("read", "the keys") })

const read = (path: string): AuditKeys =>
  OwnFile.useSecret(
    path,
    () => refused(path, "is open to other users: run chmod 600 on it, or use another one if somebody may have read it"),
    (file) => parseText(Redacted.make(readFileSync(file, "utf8")))
  )

/** Reads the keys of a file that only its owner may read. */
export const load = (path: string): Effect.Effect<AuditKeys, AuditError> =>
  Effect.try({ try: () => read(path), catch: fileFailed("read the keys in", path) })

const newKey = (): string =>
  `audit-${randomBytes(4).toString("hex")}:${randomBytes(secretBytes).toString("base64url")}\n`

const readOrCreate = (path: string): AuditKeys => {
  const keys = OwnFile.ifThere(() => read(path))
  if (keys !== undefined) return keys
  OwnFile.createWhole(path, newKey())
  return read(path)
}

/** The keys of a file; a new key if there is no such file. */
export const loadOrCreate = (path: string): Effect.Effect<AuditKeys, AuditError> =>
  Effect.try({ try: () => readOrCreate(path), catch: fileFailed("make the keys in", path) })
