/** From what is no part of a session's journal to what an audit log keeps of it. Pure. */
import type { Notice } from "../session/Witness.ts"
import type { JsonObject, NewEvent } from "./AuditEvent.ts"

/** What is kept of a token that was verified: its id, that of its key, and those of its caveats. */
export const verified = ([id = "", ...caveats]: ReadonlyArray<string>, key: string | undefined): JsonObject => ({
  token: id,
  ...(key === undefined ? {} : { key }),
  caveats
})

export const eventOf = (notice: Notice): Pick<NewEvent, "type" | "data"> => {
  switch (notice._tag) {
    case "TokenVerified":
      return { type: "token.verified", data: verified(notice.ids, notice.key) }
    case "TokenRefused": {
      const { reason, token } = notice
      return { type: "token.refused", data: token === undefined ? { reason } : { token, reason } }
    }
    case "CodeRefused":
      return { type: "code.refused", data: { rule: notice.rule, reason: notice.reason } }
    case "FileRead":
      return { type: "file.read", data: { path: notice.path, bytes: notice.bytes, by: "host" } }
    case "MachineStarted": {
      const { engine, snapshot } = notice
      if (snapshot === undefined) return { type: "machine.started", data: { engine } }
      return { type: "machine.restored", data: { engine, snapshot } }
    }
    case "MachineStopped":
      return { type: "machine.stopped", data: { reason: notice.reason } }
  }
}
