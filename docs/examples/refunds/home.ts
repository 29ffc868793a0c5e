/** The home of the example: its sessions are under the operator's policy, and an audit log is kept of them. */
import { join } from "node:path"
import type { CaissonOptions } from "caisson/promise"

export const policyFile = "refunds.policy.yaml"

export const home = (directory: string): CaissonOptions => ({
  directory,
  policy: join(import.meta.dirname, policyFile),
  audit: {}
})
