globalThis.crumb ??= { settings: SETTINGS };
