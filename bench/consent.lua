-- The load of bench/consent.mjs, for wrk: a visitor a request, who grants all and was never here before.
--   wrk ... -s consent.lua URL -- crumb NOTICE SEED    or    c15t GIVEN_AT SEED
local counter = 0
local thread = 0
local threads = 0

function setup(t)
    t:set("thread", threads)
    threads = threads + 1
end

local crumb = '{"site":"shop","notice":"%s","lang":"en","surface":"banner","action":"grant"}'
local c15t = '{"type":"cookie_banner","subjectId":"%s","domain":"shop.example","uiSource":"banner",'
    .. '"preferences":{"necessary":true,"measurement":true,"marketing":true,"experience":true},"givenAt":%s}'

function init(args)
    product, fixed, seed = args[1], args[2], tonumber(args[3])
    headers = {
        ["Content-Type"] = "application/json",
        ["Origin"] = "https://shop.example",
        ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        ["Accept-Language"] = "en-GB",
    }
    if product == "crumb" then body = crumb:format(fixed) end
end

-- The letters of a c15t id: no 0, no O, no I, no l.
local function id()
    counter = counter + 1
    return "sub_" .. string.format("%x-%x-%x", seed, thread, counter):gsub("0", "z"):gsub("-", "Z")
end

function request()
    if product == "crumb" then return wrk.format("POST", "/v1/consent", headers, body) end
    return wrk.format("POST", "/api/c15t/subjects", headers, c15t:format(id(), fixed))
end
