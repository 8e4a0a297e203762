"""The addresses of the seals' room."""

from django.urls import path

from qipan.domains.seals.views import desk, desk_uses, mine, rounds, uses

urlpatterns = [
    path("my/seals/", mine.my_seals, name="my_seals"),
    path("my/seals/apply/", mine.apply, name="seal_apply"),
    path("my/seals/applications/<uuid:uuid>/", mine.correct, name="seal_correct"),
    path("my/seals/uses/<uuid:uuid>/", uses.used, name="seal_used"),
    path("my/seals/uses/<uuid:uuid>/file/", uses.file, name="seal_used_file"),
    path("my/seals/uses/<uuid:uuid>/structure/", uses.structure, name="seal_used_structure"),
    path("my/seals/batches/<uuid:uuid>/", uses.batched, name="seal_batched"),
    path("my/seals/rounds/", rounds.rounds, name="seal_rounds"),
    path("my/seals/rounds/open/", rounds.open_round, name="seal_round_open"),
    path("my/seals/rounds/<uuid:uuid>/", rounds.round_page, name="seal_round"),
    path("my/seals/rounds/<uuid:uuid>/file/", rounds.round_file, name="seal_round_file"),
    path("my/seals/<slug:number>/", mine.my_seal, name="my_seal"),
    path("my/seals/<slug:number>/picture/", mine.picture, name="seal_picture"),
    path("my/seals/<slug:number>/activate/", mine.activate, name="seal_activate"),
    path("my/seals/<slug:number>/move/", mine.move, name="seal_move"),
    path("my/seals/<slug:number>/authorise/", mine.authorise, name="seal_authorise"),
    path("my/seals/<slug:number>/use/", uses.use, name="seal_use"),
    path("my/seals/<slug:number>/batch/", uses.batch, name="seal_batch"),
    path("desk/seals/", desk.register, name="seal_register"),
    path("desk/seals/uses/", desk.register_of_uses, name="seal_register_uses"),
    path("desk/seals/uses/<uuid:uuid>/", desk_uses.used, name="desk_seal_used"),
    path("desk/seals/uses/<uuid:uuid>/file/", desk_uses.file, name="desk_seal_file"),
    path("desk/seals/uses/<uuid:uuid>/structure/", desk_uses.structure, name="desk_seal_structure"),
    path("desk/seals/batches/<uuid:uuid>/", desk_uses.batched, name="desk_seal_batched"),
    path("desk/seals/issue/", desk.issue, name="seal_issue"),
    path("desk/seals/<slug:number>/", desk.seal_page, name="desk_seal"),
    path("desk/seals/<slug:number>/picture/", desk.picture, name="desk_seal_picture"),
    path("desk/seals/<slug:number>/move/", desk.move, name="desk_seal_move"),
    path("desk/seals/<slug:number>/authorise/", desk.authorise, name="desk_seal_authorise"),
    path("desk/seals/<slug:number>/renew/", desk.renew, name="desk_seal_renew"),
    path("desk/seals/<slug:number>/use/", desk_uses.use, name="desk_seal_use"),
    path("desk/seals/<slug:number>/batch/", desk_uses.batch, name="desk_seal_batch"),
]
