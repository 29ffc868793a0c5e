/** Tools whose handlers are effects: one that has all it needs, and one that needs a service which its module forgot. */
import { Capability, Tool } from "caisson"
import { Context, Effect, Schema } from "effect"

class Vault extends Context.Service<Vault, { readonly open: Effect.Effect<string> }>()("caisson/test/Vault") {}

const none = Schema.Struct({})

const provided = Tool.make("vault.peek", {
  description: "Looks into the vault",
  input: none,
  output: Schema.String,
  execute: () => Vault.use((vault) => vault.open).pipe(Effect.provideService(Vault, { open: Effect.succeed("gold") }))
})

const forgotten = Tool.make("vault.open", {
  description: "Opens the vault",
  input: none,
  output: Schema.String,
  execute: () => Vault.use((vault) => vault.open)
})

/** A capability as another copy of the package would make it: its class is not known here. */
class Stranger {
  readonly methods = ["vault/open"]
}

export default {
  tools: [provided, forgotten],
  capabilities: [Capability.make({ methods: "vault/peek" }), new Stranger()]
}
