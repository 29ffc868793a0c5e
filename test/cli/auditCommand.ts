/** The commands of the audit log in a home of their own. */
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect } from "effect"
import { Command } from "effect/cli"
import type { NewEvent } from "../../src/audit/AuditEvent.ts"
import { loadOrCreate } from "../../src/audit/AuditKeyFile.ts"
import * as AuditLog from "../../src/audit/AuditLog.ts"
import { audit } from "../../src/cli/audit/Audit.ts"
import { root } from "../../src/cli/Root.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { linesInto } from "./lines.ts"

const app = root.pipe(Command.withSubcommands([audit]))

export interface Said {
  /** 0, or the code that the command ends with. */
  readonly code: number
  readonly out: string
  readonly notes: string
  /** The error that is left to be reported. */
  readonly error: { readonly message: string } | undefined
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Is told every line that the command says. */
  readonly told?: (line: string) => void
}

/** Runs `caisson audit` on a home. */
export const auditIn =
  (home: string) =>
  (words: ReadonlyArray<string>, { env = {}, told = () => {} }: CommandOptions = {}) => {
    const out: Array<string> = []
    const notes: Array<string> = []
    const said = (code: number, error: Said["error"]): Said => ({
      code,
      out: out.join("\n"),
      notes: notes.join("\n"),
      error
    })
    return Command.runWith(app, { version: "0" })(["audit", ...words, "--home", home]).pipe(
      Effect.provideService(Screen, { out: linesInto(out, told), notes: linesInto(notes, told) }),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
      Effect.provide(NodeServices.layer),
      Effect.match({
        onSuccess: () => said(0, undefined),
        onFailure: (error) => (error._tag === "Ended" ? said(error.exitCode, undefined) : said(-1, error))
      })
    )
  }

/** Opens the log of a home, as its host does. */
export const inLogOf =
  (home: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(loadOrCreate(join(home, "audit.keys")), (keys) =>
      Effect.provide(effect, AuditLog.layer({ directory: join(home, "audit"), keys }), { local: true })
    )

export const append = (event: NewEvent) => AuditLog.AuditLog.use((log) => log.append(event))
