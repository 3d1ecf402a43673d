# The desktop's notifications on a session bus, for notifier.js: prints each one as a line of JSON, and for
# each line "ID ACTION" that it reads says that somebody has clicked there.
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Desktop(dbus.service.Object):
    last = 0

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["actions", "body", "persistence"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return "notifier.py", "Countersign's tests", "1", "1.2"

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, _app, replaces, _icon, title, body, actions, _hints, _timeout):
        if not replaces:
            Desktop.last += 1
        id = replaces or Desktop.last
        print(json.dumps({"id": id, "title": title, "body": body, "actions": actions}), flush=True)
        return id

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, id):
        self.NotificationClosed(id, 3)
        print(json.dumps({"closed": id}), flush=True)

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, id, action):
        pass

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, id, why):
        pass


def command(source, _condition, desktop):
    line = source.readline()
    if not line:
        loop.quit()
        return False
    id, action = line.split()
    desktop.ActionInvoked(dbus.UInt32(int(id)), action)
    return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()
bus = dbus.SessionBus()
name = dbus.service.BusName(NAME, bus, do_not_queue=True)
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, command, Desktop(bus, PATH))
print(json.dumps({"ready": True}), flush=True)
loop.run()
