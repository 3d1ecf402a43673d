/* authy_sign_test.c: the vectors of the reference, V1 and V2, each as POST and GET. */
#include "base/unit.h"
#include "channel/authy_sign.h"

#include <string.h>

static const char key[] = "CountersignTestKey0123456789abcd";
static const char url[] = "https://app.example.com/authy/callback";

static const char v1[] =
    "{\"authy_id\":1234567,\"callback_action\":\"approval_request_status\",\"device_uuid\":"
    "\"7f3d5a10-"
    "9c1e-013b-4c2a-0242ac110002\",\"status\":\"denied\",\"uuid\":\"0b1c2d30-9c1f-013b-4c2b-"
    "0242ac110002\",\"signature\":\"q7+/"
    "Zg==\",\"approval_request\":{\"logos\":null,\"transaction\":{"
    "\"details\":{},\"encrypted\":false,\"message\":\"Hi there\"}}}";
static const char v1_params[] =
    "approval_request%5Blogos%5D=&approval_request%5Btransaction%5D%5Bencrypted%5D=false&approval_"
    "request%5Btransaction%5D%5Bmessage%5D=Hi+there&authy_id=1234567&callback_action=approval_"
    "request_"
    "status&device_uuid=7f3d5a10-9c1e-013b-4c2a-0242ac110002&signature=q7%2B%2FZg%3D%3D&status="
    "denied&"
    "uuid=0b1c2d30-9c1f-013b-4c2b-0242ac110002";

static const char v2[] =
    "{\"authy_id\":1234567,\"device_uuid\":\"7f3d5a10-9c1e-013b-4c2a-0242ac110002\",\"callback_"
    "action\":\"approval_request_status\",\"uuid\":\"0b1c2d30-9c1f-013b-4c2b-0242ac110002\",\"s"
    "tatus\":\"approved\",\"approval_request\":{\"transaction\":{\"details\":{\"Account Number"
    "\":\"981266321\",\"location\":\"California, USA\",\"username\":\"bill+smith@example.com\"}"
    ",\"device_details\":{},\"device_geolocation\":\"\",\"device_signing_time\":1700000000,\"en"
    "crypted\":false,\"flagged\":false,\"hidden_details\":{\"ip_address\":\"10.10.3.203\"},\"me"
    "ssage\":\"Login to CapTrade: 100% sure?\",\"reason\":\"\",\"requester_details\":null,\"sta"
    "tus\":\"approved\",\"uuid\":\"0b1c2d30-9c1f-013b-4c2b-0242ac110002\",\"created_at_time\":1"
    "699999970,\"customer_uuid\":15083},\"expiration_timestamp\":1700086370,\"logos\":[{\"res\""
    ":\"default\",\"url\":\"https://example.com/l/d.png\"},{\"res\":\"med\",\"url\":\"https://e"
    "xample.com/l/m.png\"}],\"app_id\":\"582380eb7e1caa03317ec08c\"},\"signature\":\"q7+/Zg==\""
    ",\"device\":{\"city\":null,\"country\":\"Portugal\",\"enabled_unlock_methods\":[\"pin\",\""
    "fingerprint\"],\"id\":2102943,\"ip\":\"192.0.2.7\",\"last_account_recovery_at\":null,\"las"
    "t_sync_date\":1699999000,\"last_unlock_date\":1699999960,\"last_unlock_method_used\":\"pin"
    "\",\"multidevice_enabled\":true,\"os_type\":\"android\",\"region\":null,\"registration_cit"
    "y\":null,\"registration_country\":\"Portugal\",\"registration_date\":1690000000,\"registra"
    "tion_ip\":\"192.0.2.7\",\"registration_method\":\"sms\",\"registration_region\":null}}";
static const char v2_params[] =
    "approval_request%5Bapp_id%5D=582380eb7e1caa03317ec08c&approval_request%5Bexpiration_timest"
    "amp%5D=1700086370&approval_request%5Blogos%5D%5B%5D%5Bres%5D=default&approval_request%5Blo"
    "gos%5D%5B%5D%5Burl%5D=https%3A%2F%2Fexample.com%2Fl%2Fd.png&approval_request%5Blogos%5D%5B"
    "%5D%5Bres%5D=med&approval_request%5Blogos%5D%5B%5D%5Burl%5D=https%3A%2F%2Fexample.com%2Fl%"
    "2Fm.png&approval_request%5Btransaction%5D%5Bcreated_at_time%5D=1699999970&approval_request"
    "%5Btransaction%5D%5Bcustomer_uuid%5D=15083&approval_request%5Btransaction%5D%5Bdetails%5D%"
    "5BAccount+Number%5D=981266321&approval_request%5Btransaction%5D%5Bdetails%5D%5Blocation%5D"
    "=California%2C+USA&approval_request%5Btransaction%5D%5Bdetails%5D%5Busername%5D=bill%2Bsmi"
    "th%40example.com&approval_request%5Btransaction%5D%5Bdevice_geolocation%5D=&approval_reque"
    "st%5Btransaction%5D%5Bdevice_signing_time%5D=1700000000&approval_request%5Btransaction%5D%"
    "5Bencrypted%5D=false&approval_request%5Btransaction%5D%5Bflagged%5D=false&approval_request"
    "%5Btransaction%5D%5Bhidden_details%5D%5Bip_address%5D=10.10.3.203&approval_request%5Btrans"
    "action%5D%5Bmessage%5D=Login+to+CapTrade%3A+100%25+sure%3F&approval_request%5Btransaction%"
    "5D%5Breason%5D=&approval_request%5Btransaction%5D%5Brequester_details%5D=&approval_request"
    "%5Btransaction%5D%5Bstatus%5D=approved&approval_request%5Btransaction%5D%5Buuid%5D=0b1c2d3"
    "0-9c1f-013b-4c2b-0242ac110002&authy_id=1234567&callback_action=approval_request_status&dev"
    "ice%5Bcity%5D=&device%5Bcountry%5D=Portugal&device%5Benabled_unlock_methods%5D%5B%5D=pin&d"
    "evice%5Benabled_unlock_methods%5D%5B%5D=fingerprint&device%5Bid%5D=2102943&device%5Bip%5D="
    "192.0.2.7&device%5Blast_account_recovery_at%5D=&device%5Blast_sync_date%5D=1699999000&devi"
    "ce%5Blast_unlock_date%5D=1699999960&device%5Blast_unlock_method_used%5D=pin&device%5Bmulti"
    "device_enabled%5D=true&device%5Bos_type%5D=android&device%5Bregion%5D=&device%5Bregistrati"
    "on_city%5D=&device%5Bregistration_country%5D=Portugal&device%5Bregistration_date%5D=169000"
    "0000&device%5Bregistration_ip%5D=192.0.2.7&device%5Bregistration_method%5D=sms&device%5Bre"
    "gistration_region%5D=&device_uuid=7f3d5a10-9c1e-013b-4c2a-0242ac110002&signature=q7%2B%2FZ"
    "g%3D%3D&status=approved&uuid=0b1c2d30-9c1f-013b-4c2b-0242ac110002";

static const struct {
    const char *name, *body, *nonce, *method, *params, *signature;
} vectors[] = {
    {"V1",     v1, "1700000001",        "POST", v1_params, "qrq3cBkqbh2uejwNqnxhj/7IHz6EkBnS/MXWO4El3AY="},
    {"V1 GET", v1, "1700000001",        "GET",  v1_params, "Fh5XU2GhlFonXJAoroI+dVxXWTyh7St1FtsJO5U4aAM="},
    {"V2",     v2, "1700000000.123456", "POST", v2_params,
     "klov4kO+UlmuJgjKWxZxLyfpi8JKFrOtgdAu0Ar8IMM="                                                      },
};

static void signatures_are_those_of_the_reference(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct ctx cx;

    (void)state;
    ctx_init(&cx, mem);
    EACH_ROW (row, vectors) {
        json_t *body = json_loads(row->body, 0, NULL);
        struct str params;

        assert_non_null(body);
        params = callback_params(&cx, body);
        assert_string_equal(params.p, row->params);
        assert_string_equal(callback_signature(&cx, str_from(key), str_from(row->nonce),
                                               str_from(row->method), str_from(url), params)
                                .p,
                            row->signature);
        json_decref(body);
    }
}

static void characters_are_escaped_as_in_a_form(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    json_t *body = json_pack("{s:s, s:[], s:{}, s:n, s:b, s:s}", "a b", "'(!)* ~/+&=", "list",
                             "none", "nil", "yes", 1, "\xc3\xa4", "\xe2\x82\xac");
    struct ctx cx;

    (void)state;
    ctx_init(&cx, mem);
    assert_string_equal(callback_params(&cx, body).p,
                        "%C3%A4=%E2%82%AC&a+b=%27%28%21%29%2A+~%2F%2B%26%3D&nil=&yes=true");
    json_decref(body);
}

/* {"k…k": [[1, …], …]} with lists of 500 */
static json_t *wide(size_t name_len, size_t lists)
{
    enum { WIDTH = 500, NAME_MAX_LEN = 8000 };
    char name[NAME_MAX_LEN + 1];
    json_t *outer = json_array(), *o = json_object();

    memset(name, 'k', name_len);
    name[name_len] = '\0';
    for (size_t i = 0; i < lists; i++) {
        json_t *list = json_array();

        for (size_t k = 0; k < WIDTH; k++)
            json_array_append_new(list, json_integer(1));
        json_array_append_new(outer, list);
    }
    json_object_set_new(o, name, outer);
    return o;
}

static void a_body_that_comes_to_much_is_refused(void **state)
{
    const struct {
        size_t name_len, lists;
        bool fits;
    } rows[] = {
        {1,    1,  true },
        {1,    45, false}, /* 22 500 names */
        {8000, 1,  false}, /* one of 8 000 bytes, 500 times */
    };
    json_t *deep = json_object();

    (void)state;
    EACH_ROW (row, vectors) {
        json_t *body = json_loads(row->body, 0, NULL);

        assert_true(callback_params_fit(body));
        json_decref(body);
    }
    EACH_ROW (row, rows) {
        json_t *body = wide(row->name_len, row->lists);

        assert_int_equal(callback_params_fit(body), row->fits);
        json_decref(body);
    }
    for (int i = 0; i < 40; i++)
        deep = json_pack("{s:o}", "a", deep);
    assert_false(callback_params_fit(deep));
    json_decref(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_reference),
        cmocka_unit_test(characters_are_escaped_as_in_a_form),
        cmocka_unit_test(a_body_that_comes_to_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
