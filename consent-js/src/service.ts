// The service that this script came from: the one place that asks it for anything.

const enum Limit {
    ANSWER_MS = 10_000,
}

const script = document.currentScript as HTMLScriptElement;

// Read while the script runs: later nobody knows any more which tag it was. Absolute, so that a <base> does not matter.
export const own = new URL(script.src);
export const tag = script.dataset;

const absolute = (path: string) => new URL(path, own).href;
export const address = (path: string, query = '') => absolute(path + '?site=' + own.searchParams.get('site') + query);

// An answer that is no 2xx is an error with its status as the message; one without a body is another, which nobody hears.
async function answerOf(url: string, options: RequestInit, stopped?: AbortSignal) {
    const own = new AbortController();
    const stop = () => own.abort();
    setTimeout(stop, Limit.ANSWER_MS);
    stopped?.addEventListener('abort', stop);
    const answer = await fetch(url, { credentials: 'include', signal: own.signal, ...options });
    if (!answer.ok) throw Error(answer.status as never);
    return answer.json();
}

export const ask = (path: string, query?: string) => answerOf(address('v1/' + path, query), { cache: 'no-store' });

// A string is sent as text/plain, which needs no preflight. `keepalive` outlives the page, and cannot be stopped: what can
// be is without.
export const tell = (path: string, body: object, stopped?: AbortSignal) =>
    answerOf(absolute('v1/' + path), { method: 'POST', body: JSON.stringify(body), keepalive: !stopped }, stopped);
