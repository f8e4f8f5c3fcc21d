// The service that this script came from: the one place that asks it for anything.

const ANSWER_MS_MAX = 10_000;
const script = document.currentScript as HTMLScriptElement;

// Read while the script runs: later nobody knows any more which tag it was. Absolute, so that a <base> does not matter.
export const own = new URL(script.src);
export const tag = script.dataset;

const absolute = (path: string) => new URL(path, own).href;
export const address = (path: string, query = '') => absolute(path + '?site=' + own.searchParams.get('site') + query);

// An answer that is no 2xx is an error with its status as the message.
async function answerOf(url: string, options: RequestInit) {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(url, { credentials: 'include', cache: 'no-store', signal, ...options });
    if (!answer.ok) throw Error(answer.status as never);
    return answer.status == 204 ? null : answer.json();
}

export const ask = (path: string, query?: string) => answerOf(address('v1/' + path, query), {});

// A string is sent as text/plain, which needs no preflight; `keepalive` outlives the page.
export const tell = (path: string, body: object) =>
    answerOf(absolute('v1/' + path), { method: 'POST', body: JSON.stringify(body), keepalive: true });
