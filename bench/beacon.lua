-- The load of bench/ingest.mjs, for wrk: one page view a request with an event id of its own, or a body of many.
--   wrk ... -s beacon.lua URL -- COOKIE EVENTS_PER_BODY SEED [VISITORS]
-- EVENTS_PER_BODY 0: GET /p.gif. VISITORS: a file with an address and an agent a line, or with a cookie, sent in turn.
local counter = 0
local thread = 0
local next_thread = 1

function setup(t)
    t:set("id", next_thread)
    next_thread = next_thread + 1
end

local pages = { "/", "/products", "/products/42", "/basket", "/checkout", "/about", "/blog", "/blog/honest-cookies" }

local function event()
    counter = counter + 1
    return string.format(
        "aid=shop&e=pv&eid=%08x-%04x-4000-8000-%012x&url=https%%3A%%2F%%2Fshop.example%s&page=A%%20page&res=1920x1080&lang=en-GB&tz=Europe%%2FBerlin",
        seed, id, counter, pages[counter % #pages + 1])
end

function init(args)
    cookie = args[1]
    events = tonumber(args[2])
    seed = tonumber(args[3])
    headers = { ["Cookie"] = cookie }
    if args[4] then visitors = read(args[4]) end
end

function read(file)
    local list = {}
    for line in io.lines(file) do
        local address, agent = line:match("^(%S+) (.*)$")
        list[#list + 1] = not address and { ["Cookie"] = line } or {
            ["Cookie"] = cookie, ["Accept"] = "*/*", ["Accept-Language"] = "en-GB,en;q=0.9",
            ["X-Forwarded-For"] = address, ["User-Agent"] = agent
        }
    end
    return list
end

function request()
    if visitors then headers = visitors[(counter * 2 + id) % #visitors + 1] end
    if events == 0 then
        return wrk.format("GET", "/p.gif?" .. event(), headers)
    end
    local lines = {}
    for i = 1, events do lines[i] = event() end
    return wrk.format("POST", "/p", headers, table.concat(lines, "\n"))
end
