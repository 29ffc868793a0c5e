/** A worker that does not come up. */
throw new Error("no engine on this host")
