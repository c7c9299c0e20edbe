// Stands for a library that a plugin needs: it exports one name and does nothing.
#define NETY_NAME_2(name) fake_##name
#define NETY_NAME(name) NETY_NAME_2(name)

extern "C" int NETY_NAME(NETY_FAKE)();
extern "C" int NETY_NAME(NETY_FAKE)() { return 1; }
