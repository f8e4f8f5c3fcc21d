// What the page asks the server. Every failure has a sentence that says what to do.

export class Failure extends Error {
    constructor(
        message: string,
        readonly kind: 'signed-out' | 'refused' | 'busy' | 'gone' | 'wrong',
    ) {
        super(message);
    }
}

export interface Session {
    name: string;
    role: 'analyst' | 'privacy' | 'admin';
    ends_ms: number;
    sites: { id: string; name: string; timezone: string }[];
}

// What the interface says is for programs' logs, too: lower case, names between backquotes. A part of the question that it
// begins with is left as it is.
function sentence(text: string) {
    const told = text.replace(/`([^`]*)`/g, '“$1”') + (/[.!?…]$/.test(text) ? '' : '.');
    return /^[\w.]+[:[]/.test(told) ? told : told.charAt(0).toUpperCase() + told.slice(1);
}

const KINDS: Record<number, Failure['kind']> = { 401: 'signed-out', 403: 'refused', 429: 'busy', 503: 'busy' };

async function send(path: string, options: RequestInit) {
    let answer: Response;
    try {
        answer = await fetch(path, { cache: 'no-store', ...options });
    } catch (error) {
        if (options.signal?.aborted) throw error;
        throw new Failure('The server does not answer. Is crumb running, and is this computer online?', 'gone');
    }
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => ({}));
    throw new Failure(said.error ? sentence(said.error) : `The server answered ${answer.status}.`, KINDS[answer.status] ?? 'wrong');
}

const json = async (answer: Promise<Response>) => (await answer).json();

export const get = (path: string, signal?: AbortSignal) => json(send(path, { signal }));
export const post = (path: string, body: object, signal?: AbortSignal) =>
    json(send(path, { method: 'POST', body: JSON.stringify(body), signal }));
export const postForCsv = async (path: string, body: object) =>
    (await send(path, { method: 'POST', body: JSON.stringify(body), headers: { accept: 'text/csv' } })).blob();

export const readSession = (): Promise<Session> => get('session');
export const signIn = (token: string): Promise<Session> =>
    json(send('session', { method: 'POST', headers: { authorization: `Bearer ${token}` } }));
export const signOut = () => send('session', { method: 'DELETE' });

// ---- forms of answers ----

export type Money = { value: number; currency: string; short: string; long: string };
export type Figure = number | Money | null;
export interface Row {
    metrics: Figure[];
    dimensions: string[];
    comparison?: { metrics: Figure[]; change: (number | null)[]; dimensions: string[] };
}
export interface Answer {
    results: Row[];
    meta: { total_rows?: number; time_labels?: string[]; comparison_date_range?: [string, string] };
    query: { date_range: [string, string]; dimensions: string[]; metrics: string[] };
}

export const query = (body: object, signal?: AbortSignal): Promise<Answer> => post('api/v2/query', body, signal);

export async function valuesOf(site: string, dimension: string, search: string, range: string, signal?: AbortSignal): Promise<string[]> {
    const asked = new URLSearchParams({ site_id: site, dimension, search, date_range: range, limit: '20' });
    const { values } = await get(`api/v2/schema?${asked}`, signal);
    return values.map(({ value }: { value: string }) => value);
}
