// The page: signs in, then shows what the address says, view by view.
import { early } from './early.ts';
import { Failure, readSession, signIn, type Session } from './api.ts';
import { button, el, fill } from './dom.ts';
import { makeFrame, type Frame } from './frame.ts';
import { startShortcuts } from './keys.ts';
import { empty, watchFailures } from './load.ts';
import { setSession, theSite } from './question.ts';
import { signInForm, takeToken, whyNot } from './sign-in.ts';
import { follow, go, HOME, state, writeState, type State } from './state.ts';
import { startTheme } from './theme.ts';
import type { Mounted, View } from './view.ts';
import { VIEWS } from './views.ts';

const PROBE_MS = 3000;
const root = document.getElementById('app')!;

let frame: Frame | null = null;
let session: Session | null = null;
let mounted: (Mounted & { view: View; site: string }) | null = null;
let shown = ''; // the address of what is shown, but for dialogs
let showing = new AbortController();
let probe = 0;

function leaveFrame() {
    showing.abort();
    frame?.stop();
    frame = mounted = session = null;
    clearInterval(probe);
    probe = 0;
    document.querySelectorAll('dialog').forEach((dialog) => dialog.remove());
}

function askToSignIn(why: string) {
    leaveFrame();
    document.title = 'Sign in · crumb';
    signInForm(root, why, begin);
}

// ---- what can go wrong with the whole page ----

function sayGone() {
    const banner = document.getElementById('banner');
    if (!banner || probe) return;
    const again = async () => {
        try {
            await readSession();
        } catch (error) {
            if (error instanceof Failure && error.kind == 'gone') return;
        }
        clearInterval(probe);
        probe = 0;
        fill(banner);
        shown = '';
        if (session) show(state());
    };
    fill(banner, el('div', { class: 'problem' }, el('p', {}, 'The server does not answer. What you see may be old; the page tries again by itself.'), button('Try now', again)));
    probe = window.setInterval(again, PROBE_MS);
}

watchFailures((failure) => {
    if (failure.kind == 'gone') sayGone();
    else if (session) askToSignIn('Your session has ended. Sign in again, and go on where you were.');
});

// ---- views ----

const viewsOf = ({ role }: Session) => VIEWS.filter(({ roles }) => roles.includes(role));

function sayNoSite(content: HTMLElement, { site }: State, { sites }: Session) {
    const links = sites.map(({ id, name }) => button(name, () => go({ site: id, filters: [], more: {} })));
    fill(content, empty(sites.length
        ? `This token may not see the site “${site}”, or there is no such site. These are yours:`
        : 'This token may see no site. Ask whoever runs this server to name one in its `sites`.', ...links));
}

function sayNotYours(content: HTMLElement, { title, roles }: View, { name, role }: Session, views: View[]) {
    fill(content, empty(`“${title}” is for tokens of the role ${roles.join(' or ')}. You are signed in as ${name}, whose role is ${role}. This you may see:`,
        ...views.map((view) => button(view.title, () => go({ view: view.id, more: {} })))));
}

function show(shownState: State) {
    if (!session || !frame) return;
    if (!shownState.site && session.sites[0]) return go({ site: session.sites[0].id }, true);
    const views = viewsOf(session);
    const wanted = VIEWS.find(({ id }) => id == (shownState.view || HOME));
    if (!shownState.view && !views.includes(wanted!)) return go({ view: views[0]!.id }, true);
    const view = wanted ?? views[0]!;
    const address = writeState({ ...shownState, more: { ...shownState.more, open: '' } });
    if (mounted && address == shown) return mounted.open?.(shownState.more.open ?? '');
    shown = address;
    showing.abort();
    showing = new AbortController();
    const isTheirs = views.includes(view);
    frame.draw(isTheirs ? view : null, shownState);
    if (!isTheirs) {
        mounted = null;
        return sayNotYours(frame.content, view, session, views);
    }
    if (!theSite()) {
        mounted = null;
        return sayNoSite(frame.content, shownState, session);
    }
    if (mounted?.view != view || mounted.site != shownState.site) {
        fill(frame.content);
        mounted = { view, site: shownState.site, ...view.mount(frame.content) };
    }
    mounted.update(shownState, showing.signal);
    mounted.open?.(shownState.more.open ?? '');
}

let isFollowing = false;
function begin(given: Session) {
    session = given;
    setSession(given);
    root.replaceChildren();
    frame = makeFrame(root, given, viewsOf(given), () => askToSignIn('You have signed out.'));
    if (isFollowing) show(state());
    else follow(show);
    isFollowing = true;
}

async function start() {
    startTheme();
    startShortcuts();
    const token = takeToken();
    try {
        begin(await (token === null ? early ?? readSession() : signIn(token)));
    } catch (error) {
        if (!(error instanceof Failure) || error.kind == 'gone') {
            fill(root, el('main', { class: 'sign-in' }, empty((error as Error).message, button('Try again', () => location.reload()))));
            return;
        }
        askToSignIn(token === null ? '' : `The link did not sign you in. ${whyNot(error)}`);
    }
}

start();
